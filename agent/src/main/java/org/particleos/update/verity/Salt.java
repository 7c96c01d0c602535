package org.particleos.update.verity;

import java.util.HexFormat;

/** What is digested before each block, as lowercase hex digits; may be empty. */
public record Salt(String hex) {
  /** The room for it in a superblock. */
  static final int BYTES_MAX = 256;

  public Salt {
    if (HexFormat.of().parseHex(hex).length > BYTES_MAX) {
      throw new IllegalArgumentException("a salt has at most " + BYTES_MAX + " bytes");
    }
  }

  static Salt of(byte[] bytes) {
    return new Salt(HexFormat.of().formatHex(bytes));
  }

  byte[] bytes() {
    return HexFormat.of().parseHex(hex);
  }
}
