package org.particleos.update.assess;

/** Whether the start of what runs was found good. */
public sealed interface Standing {
  /** Its boot entry counts no tries: somebody found it good, or it never had to prove itself. */
  record Blessed() implements Standing {}

  /**
   * The boot loader counts its tries, and nobody has found it good yet.
   *
   * @param left 0 in the last one
   */
  record BeingTried(long left, long done) implements Standing {}

  /** Its boot entry has tries, but whatever started it did not count one. */
  record NotCounted(long left) implements Standing {}

  /**
   * That cannot be told.
   *
   * @param why a clause
   */
  record Unknown(String why) implements Standing {}

  /** In one word, for programs. */
  default String word() {
    return switch (this) {
      case Blessed() -> "blessed";
      case BeingTried _ -> "being-tried";
      case NotCounted _ -> "not-counted";
      case Unknown _ -> "unknown";
    };
  }

  /** Whether the machine may still go back to another version by itself. */
  default boolean unconfirmed() {
    return this instanceof BeingTried;
  }
}
