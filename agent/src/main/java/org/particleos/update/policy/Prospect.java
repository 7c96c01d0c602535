package org.particleos.update.policy;

import java.util.List;
import java.util.Optional;

/**
 * A step and what becomes of it.
 *
 * @param component empty for the operating system; a check is for all
 * @param version that it is about, but for checks
 * @param reasons as clauses, the most important first
 */
public record Prospect(
    Step step,
    Optional<String> component,
    Optional<String> version,
    When when,
    List<String> reasons) {
  public Prospect {
    reasons = List.copyOf(reasons);
  }

  /** Whether it will be taken without anybody asking for it, now or later. */
  public boolean awaited() {
    return switch (when) {
      case When.Now(), When.At _, When.OnChange() -> true;
      case When.ByHand(), When.Nothing() -> false;
    };
  }
}
