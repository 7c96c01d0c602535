package org.particleos.update.delta;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.particleos.update.verity.RootHash;

/**
 * The hash tree of an image as dm-verity stores it, made here so that no tool is needed. That it is
 * right shows where trees of {@code veritysetup} are read by the same code.
 */
public final class SmallTree {
  public static final int BLOCK = 4096;

  private final byte[] bytes;
  private final RootHash root;

  public SmallTree(byte[] bytes, RootHash root) {
    this.bytes = bytes.clone();
    this.root = root;
  }

  /** What the verity partition holds. */
  public byte[] bytes() {
    return bytes.clone();
  }

  public RootHash root() {
    return root;
  }

  public static SmallTree of(byte[] image, String saltHex) {
    return of(image, saltHex, "sha256", "SHA-256");
  }

  public static SmallTree of(byte[] image, String saltHex, String name, String algorithm) {
    byte[] salt = HexFormat.of().parseHex(saltHex);
    List<byte[]> levels = new ArrayList<>();
    byte[] below = image;
    while (below.length > BLOCK) {
      below = level(below, salt, algorithm);
      levels.add(below);
    }
    var all = new ByteArrayOutputStream();
    all.writeBytes(superblock(image.length / BLOCK, salt, name));
    levels.reversed().forEach(all::writeBytes);
    byte[] root = digest(levels.getLast(), 0, salt, algorithm);
    return new SmallTree(
        all.toByteArray(), RootHash.parse(HexFormat.of().formatHex(root)).orElseThrow());
  }

  private static byte[] level(byte[] below, byte[] salt, String algorithm) {
    var digests = new ByteArrayOutputStream();
    for (int at = 0; at < below.length; at += BLOCK) {
      digests.writeBytes(digest(below, at, salt, algorithm));
    }
    return Arrays.copyOf(digests.toByteArray(), Math.ceilDiv(digests.size(), BLOCK) * BLOCK);
  }

  private static byte[] digest(byte[] blocks, int at, byte[] salt, String algorithm) {
    try {
      var digest = MessageDigest.getInstance(algorithm);
      digest.update(salt);
      digest.update(blocks, at, BLOCK);
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] superblock(long blocks, byte[] salt, String name) {
    var block = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    block.put("verity\0\0".getBytes(StandardCharsets.US_ASCII)).putInt(1).putInt(1);
    block.position(32).put(name.getBytes(StandardCharsets.US_ASCII));
    block.position(64).putInt(BLOCK).putInt(BLOCK).putLong(blocks).putShort((short) salt.length);
    block.position(88).put(salt);
    return block.array();
  }
}
