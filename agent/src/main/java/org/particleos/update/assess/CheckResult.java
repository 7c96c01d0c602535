package org.particleos.update.assess;

import java.util.Locale;
import java.util.Optional;

/**
 * How one health check ended.
 *
 * @param name of its file, or of the unit that it asks for
 * @param text what it said last, or why it failed, as one line
 * @param millis how long it took
 */
public record CheckResult(String name, Verdict verdict, String text, long millis) {
  /** What came of it. */
  public enum Verdict {
    PASSED,
    FAILED,
    /** Not done when the time was over. */
    TIMED_OUT;

    /** In one word, for programs. */
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static Optional<Verdict> of(String word) {
      for (Verdict verdict : values()) {
        if (verdict.word().equals(word)) {
          return Optional.of(verdict);
        }
      }
      return Optional.empty();
    }
  }

  /** What went wrong, as a clause. */
  public String complaint() {
    return "health check " + name + ": " + text;
  }
}
