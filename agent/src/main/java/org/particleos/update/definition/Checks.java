package org.particleos.update.definition;

/**
 * What is looked at before anything of a new version becomes visible, as far as that can be chosen.
 *
 * @param readBack read the data slots again and compare them with their hash trees
 * @param secureBoot what a boot file means that the firmware would not start
 * @param anyBootFile take boot files that are none with a warning, as the reference does without
 *     one
 */
public record Checks(boolean readBack, SecureBoot secureBoot, boolean anyBootFile) {
  /** What a boot file means whose signature is not by a key in the firmware's {@code db}. */
  public enum SecureBoot {
    /** Nothing; the firmware is not asked. */
    IGNORE,
    /** It is said. */
    REPORT,
    /** The version is refused, where the firmware enforces signatures. */
    REFUSE
  }

  /** What holds without any file. */
  public static Checks defaults() {
    return new Checks(true, SecureBoot.REPORT, false);
  }

  public Checks withReadBack(boolean other) {
    return new Checks(other, secureBoot, anyBootFile);
  }

  public Checks withSecureBoot(SecureBoot other) {
    return new Checks(readBack, other, anyBootFile);
  }

  public Checks withAnyBootFile(boolean other) {
    return new Checks(readBack, secureBoot, other);
  }
}
