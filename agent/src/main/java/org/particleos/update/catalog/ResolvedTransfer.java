package org.particleos.update.catalog;

import java.util.List;
import org.particleos.update.definition.Transfer;

/**
 * A transfer together with the places its sources and target stand for on this machine.
 *
 * @param sources alternatives in the order of the definition, at least one
 */
public record ResolvedTransfer(Transfer transfer, List<ResolvedSource> sources, Place target) {
  public ResolvedTransfer {
    sources = List.copyOf(sources);
  }

  public String id() {
    return transfer.id();
  }
}
