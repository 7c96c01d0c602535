package org.particleos.update.judge;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Reads every block of an image and of its dm-verity tree, format 1 of cryptsetup's on-disk
 * specification, and compares them with the root hash.
 */
final class VerityTree {
  private VerityTree() {}

  /** Why the image is not what the root hash stands for; empty if it is. */
  static Optional<String> lacking(byte[] image, byte[] tree, byte[] root) {
    if (tree.length < 512
        || !new String(tree, 0, 8, StandardCharsets.US_ASCII).equals("verity\0\0")) {
      return Optional.of("no verity superblock");
    }
    ByteBuffer in = ByteBuffer.wrap(tree).order(ByteOrder.LITTLE_ENDIAN);
    int dataBlock = in.getInt(64);
    int hashBlock = in.getInt(68);
    long blocks = in.getLong(72);
    int saltLength = in.getShort(80);
    if (in.getInt(8) != 1
        || in.getInt(12) != 1
        || !name(tree).equals("sha256")
        || Integer.bitCount(dataBlock) != 1
        || Integer.bitCount(hashBlock) != 1
        || dataBlock < 512
        || hashBlock < 512
        || blocks < 1
        || blocks * dataBlock > image.length
        || saltLength < 0
        || saltLength > 256) {
      return Optional.of("a verity superblock that fits nothing");
    }
    byte[] salt = Arrays.copyOfRange(tree, 88, 88 + saltLength);
    MessageDigest sha256 = sha256();
    int perBlock = hashBlock / sha256.getDigestLength();
    List<Integer> levels = new ArrayList<>();
    long below = blocks;
    do {
      below = Math.ceilDiv(below, perBlock);
      levels.add((int) below);
    } while (below > 1);
    // The top comes first, right behind the block of the superblock.
    int at = 1;
    byte[] expected = root;
    for (int level : levels.reversed()) {
      if ((long) (at + level) * hashBlock > tree.length) {
        return Optional.of("a hash tree that is cut off");
      }
      for (int block = 0; block < level; block++) {
        if (!matches(sha256, salt, tree, at + block, hashBlock, expected, block)) {
          return Optional.of("hash block " + (at + block) + " is wrong");
        }
      }
      expected = Arrays.copyOfRange(tree, at * hashBlock, (at + level) * hashBlock);
      at += level;
    }
    for (int block = 0; block < blocks; block++) {
      if (!matches(sha256, salt, image, block, dataBlock, expected, block)) {
        return Optional.of("data block " + block + " is wrong");
      }
    }
    return Optional.empty();
  }

  private static String name(byte[] tree) {
    return new String(tree, 32, 32, StandardCharsets.US_ASCII).replaceAll("\0.*", "");
  }

  private static boolean matches(
      MessageDigest sha256,
      byte[] salt,
      byte[] bytes,
      int block,
      int size,
      byte[] expected,
      int index) {
    sha256.update(salt);
    sha256.update(bytes, block * size, size);
    byte[] found = sha256.digest();
    int at = index * found.length;
    return Arrays.equals(expected, at, at + found.length, found, 0, found.length);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  static String digest(byte[] bytes) {
    return HexFormat.of().formatHex(sha256().digest(bytes));
  }
}
