package org.particleos.update.service;

import java.time.ZoneId;
import org.particleos.update.failure.Quote;
import org.particleos.update.policy.LocalText;
import org.particleos.update.policy.Prospect;
import org.particleos.update.policy.When;

/** What becomes of steps, in words. */
public final class PolicyText {
  private PolicyText() {}

  /** When, without the reasons: {@code now}, {@code not before Sat 2026-01-10 04:00 CET}. */
  public static String when(Prospect prospect, ZoneId zone) {
    return switch (prospect.when()) {
      case When.Now() -> "now";
      case When.At(var instant) -> "not before " + LocalText.of(instant, zone);
      case When.OnChange() -> "waiting";
      case When.ByHand() -> "by hand";
      case When.Nothing() -> "nothing to do";
    };
  }

  /** {@code download of version 2: not before Sat 2026-01-10 04:00 CET: the network is metered}. */
  public static String sentence(Prospect prospect, ZoneId zone) {
    return subject(prospect)
        + ": "
        + when(prospect, zone)
        + (prospect.reasons().isEmpty() ? "" : ": " + String.join("; ", prospect.reasons()));
  }

  private static String subject(Prospect prospect) {
    return prospect.step().text()
        + prospect.version().map(version -> " of version " + version).orElse("")
        + prospect.component().map(name -> " of component " + Quote.quote(name)).orElse("");
  }
}
