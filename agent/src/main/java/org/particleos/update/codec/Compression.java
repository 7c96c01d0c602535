package org.particleos.update.codec;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * How a payload is packed, told by its first bytes and never by its name (update-algorithm.md
 * 12.1). A raw payload that happens to begin like that is taken for packed.
 */
public enum Compression {
  NONE(""),
  GZIP("1f8b"),
  XZ("fd377a585a00"),
  ZSTD("28b52ffd"),
  LZ4("04224d18"),
  BZIP2("425a68");

  /** A payload shorter than this is taken as it is, whatever it begins with. */
  public static final int MAGIC_BYTES = 6;

  private final String magicHex;

  Compression(String magicHex) {
    this.magicHex = magicHex;
  }

  /** Looks at the bytes from the buffer's position on, which does not move. */
  public static Compression of(ByteBuffer beginning) {
    if (beginning.remaining() < MAGIC_BYTES) {
      return NONE;
    }
    var first = new byte[MAGIC_BYTES];
    beginning.get(beginning.position(), first);
    String firstHex = HexFormat.of().formatHex(first);
    for (var candidate : values()) {
      if (candidate != NONE && firstHex.startsWith(candidate.magicHex)) {
        return candidate;
      }
    }
    return NONE;
  }
}
