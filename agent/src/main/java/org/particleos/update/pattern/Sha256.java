package org.particleos.update.pattern;

import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/** A SHA-256 digest, as 64 lowercase hex digits. */
public record Sha256(String hex) {
  private static final Pattern CANONICAL = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern EITHER_CASE = Pattern.compile("[0-9a-fA-F]{64}");

  public Sha256 {
    if (!CANONICAL.matcher(hex).matches()) {
      throw new IllegalArgumentException("a SHA-256 has 64 lowercase hex digits");
    }
  }

  /** Reads 64 hex digits of either case; empty for anything else. */
  public static Optional<Sha256> parse(String text) {
    return EITHER_CASE.matcher(text).matches()
        ? Optional.of(new Sha256(text.toLowerCase(java.util.Locale.ROOT)))
        : Optional.empty();
  }

  /** From the 32 raw bytes. */
  public static Sha256 of(byte[] digest) {
    return new Sha256(HexFormat.of().formatHex(digest));
  }

  @Override
  public String toString() {
    return hex;
  }
}
