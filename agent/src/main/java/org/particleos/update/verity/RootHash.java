package org.particleos.update.verity;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * The digest that vouches for a whole hash tree and all data below it, as 64 or 128 lowercase hex
 * digits.
 *
 * <p>By the Discoverable Partitions Specification it is also written into the partition table: its
 * first 128 bits are the UUID of the data partition, its last 128 bits that of the verity
 * partition. Of a SHA-256 that is all of it.
 */
public record RootHash(String hex) {
  private static final Pattern CANONICAL = Pattern.compile("(?:[0-9a-f]{64}){1,2}");
  private static final Pattern EITHER_CASE = Pattern.compile("(?:[0-9a-fA-F]{64}){1,2}");

  public RootHash {
    if (!CANONICAL.matcher(hex).matches()) {
      throw new IllegalArgumentException("a root hash has 64 or 128 lowercase hex digits");
    }
  }

  /** Reads hex digits of either case; empty for anything else. */
  public static Optional<RootHash> parse(String text) {
    return EITHER_CASE.matcher(text).matches()
        ? Optional.of(new RootHash(text.toLowerCase(Locale.ROOT)))
        : Optional.empty();
  }

  static RootHash of(byte[] digest) {
    return new RootHash(HexFormat.of().formatHex(digest));
  }

  byte[] bytes() {
    return HexFormat.of().parseHex(hex);
  }

  /** The UUID that the data partition has. */
  public UUID dataUuid() {
    return uuid(0);
  }

  /** The UUID that the verity partition has. */
  public UUID verityUuid() {
    return uuid(hex.length() / 2 - 2 * Long.BYTES);
  }

  private UUID uuid(int at) {
    var bytes = ByteBuffer.wrap(bytes());
    return new UUID(bytes.getLong(at), bytes.getLong(at + Long.BYTES));
  }

  @Override
  public String toString() {
    return hex;
  }
}
