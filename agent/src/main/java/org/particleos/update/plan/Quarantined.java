package org.particleos.update.plan;

import java.util.List;
import org.particleos.update.version.Version;

/**
 * Versions that this machine was started with in vain. They are not chosen, and their slots are the
 * first that a new version gets.
 *
 * @param barred not chosen by anybody who does not name them
 * @param rebuilt did not come up either, but are offered with other content since: what is
 *     installed of them is as good as not there
 */
public record Quarantined(List<Version> barred, List<Version> rebuilt) {
  public static final Quarantined NONE = new Quarantined(List.of(), List.of());

  public Quarantined {
    barred = List.copyOf(barred);
    rebuilt = List.copyOf(rebuilt);
  }

  /** Whether a version is passed over. */
  public boolean bars(Version version) {
    return barred.stream().anyMatch(version::sameOrder);
  }

  /** Whether what is installed of a version makes way for another build of it. */
  public boolean replaces(Version version) {
    return rebuilt.stream().anyMatch(version::sameOrder);
  }

  /** Whether what is installed of a version did not come up. */
  public boolean failed(Version version) {
    return bars(version) || replaces(version);
  }
}
