package org.particleos.update.catalog;

import org.particleos.update.definition.Transfer;

/** A transfer together with the places its source and target stand for on this machine. */
public record ResolvedTransfer(Transfer transfer, Place source, Place target) {
  public String id() {
    return transfer.id();
  }
}
