package org.particleos.update.cli;

import java.util.Optional;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.update.Overview;

/** Questions that several verbs ask of an overview. */
final class Views {
  private Views() {}

  /** The newest version that is in place as a whole. */
  static Optional<VersionSet> newestWhole(Overview overview) {
    return overview.sets().all().stream().filter(VersionSet::whole).findFirst();
  }
}
