package org.particleos.update.plan;

import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.ResolvedTransfer;

/** An instance that has to go, and why. */
public record Removal(ResolvedTransfer transfer, Instance instance, Cause cause) {
  public enum Cause {
    /** An unfinished download. */
    PARTIAL,
    /** Downloaded but never installed. */
    PENDING,
    /** More than may be kept, or in the place that a new version needs. */
    SURPLUS,
    /** This machine was started with it in vain. */
    FAILED,
    /** Its transfer is disabled. */
    DISABLED
  }
}
