package org.particleos.update.verity;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;
import org.particleos.update.failure.Quote;

/**
 * What stands before a hash tree and says how it was made (dm-verity on-disk format, version 1).
 *
 * <p>No root hash vouches for it; but a tree that is read by a wrong superblock does not lead to
 * its root hash. The {@code uuid} alone means nothing to the tree, so damage to it cannot be told.
 *
 * @param uuid of the hash device, not of a partition
 * @param dataBlockBytes a power of two from 512 to 65536
 * @param hashBlockBytes a power of two from 512 to 65536
 * @param dataBlocks at least 1; all of them together have at most 2^63 - 1 bytes
 */
public record VeritySuperblock(
    UUID uuid,
    HashAlgorithm algorithm,
    int dataBlockBytes,
    int hashBlockBytes,
    long dataBlocks,
    Salt salt) {
  static final int BYTES = 512;

  private static final byte[] MAGIC = "verity\0\0".getBytes(StandardCharsets.US_ASCII);
  private static final int VERSION = 1;

  /** Salt before the block, digests without gaps. Type 0 is of old Chrome OS devices only. */
  private static final int HASH_TYPE = 1;

  private static final int BLOCK_BYTES_MIN = 512;

  /** The largest page of any architecture, which the kernel's blocks cannot exceed. */
  private static final int BLOCK_BYTES_MAX = 65536;

  // Offsets in the superblock; all numbers are little-endian.
  private static final int AT_VERSION = 8;
  private static final int AT_HASH_TYPE = 12;
  private static final int AT_UUID = 16;
  private static final int AT_ALGORITHM = 32;
  private static final int ALGORITHM_BYTES = 32;
  private static final int AT_DATA_BLOCK_BYTES = 64;
  private static final int AT_HASH_BLOCK_BYTES = 68;
  private static final int AT_DATA_BLOCKS = 72;
  private static final int AT_SALT_BYTES = 80;
  private static final int AT_PADDING = 82;
  private static final int AT_SALT = 88;

  /** The length of all data. */
  public long dataBytes() {
    return dataBlocks * dataBlockBytes;
  }

  int digestsPerBlock() {
    return hashBlockBytes / algorithm.digestBytes();
  }

  /** Reads it from where it always is, the beginning of the verity partition. */
  public static VeritySuperblock read(Extent verity) throws IOException, MalformedVerityException {
    if (verity.sizeBytes() < BYTES) {
      throw new MalformedVerityException(
          "has " + verity.sizeBytes() + " bytes, no room for a tree");
    }
    return parse(verity.bytes(0, BYTES));
  }

  static VeritySuperblock parse(byte[] bytes) throws MalformedVerityException {
    var block = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (!Arrays.equals(MAGIC, 0, MAGIC.length, bytes, 0, MAGIC.length)) {
      throw new MalformedVerityException("has no dm-verity superblock");
    }
    require(block.getInt(AT_VERSION), VERSION, "version");
    require(block.getInt(AT_HASH_TYPE), HASH_TYPE, "hash type");
    int dataBlockBytes = blockBytes(block.getInt(AT_DATA_BLOCK_BYTES), "data");
    int hashBlockBytes = blockBytes(block.getInt(AT_HASH_BLOCK_BYTES), "hash");
    long dataBlocks = block.getLong(AT_DATA_BLOCKS);
    // Compared as signed: what is negative is far beyond any disk.
    if (dataBlocks < 1 || dataBlocks > Long.MAX_VALUE / dataBlockBytes) {
      throw new MalformedVerityException(
          "names "
              + Long.toUnsignedString(dataBlocks)
              + " data blocks of "
              + dataBlockBytes
              + " bytes");
    }
    var uuid =
        block.duplicate().order(ByteOrder.BIG_ENDIAN).position(AT_UUID).slice().asLongBuffer();
    return new VeritySuperblock(
        new UUID(uuid.get(0), uuid.get(1)),
        algorithm(bytes),
        dataBlockBytes,
        hashBlockBytes,
        dataBlocks,
        salt(bytes, Short.toUnsignedInt(block.getShort(AT_SALT_BYTES))));
  }

  private static void require(int found, int expected, String what)
      throws MalformedVerityException {
    if (found != expected) {
      throw new MalformedVerityException(
          "has " + what + " " + Integer.toUnsignedString(found) + ", not " + expected);
    }
  }

  private static int blockBytes(int bytes, String what) throws MalformedVerityException {
    if (bytes < BLOCK_BYTES_MIN || bytes > BLOCK_BYTES_MAX || Integer.bitCount(bytes) != 1) {
      throw new MalformedVerityException(
          "has " + what + " blocks of " + Integer.toUnsignedString(bytes) + " bytes");
    }
    return bytes;
  }

  private static HashAlgorithm algorithm(byte[] bytes) throws MalformedVerityException {
    int end = AT_ALGORITHM;
    while (end < AT_ALGORITHM + ALGORITHM_BYTES && bytes[end] != 0) {
      end++;
    }
    requireZero(bytes, end, AT_ALGORITHM + ALGORITHM_BYTES);
    String name = new String(bytes, AT_ALGORITHM, end - AT_ALGORITHM, StandardCharsets.ISO_8859_1);
    return HashAlgorithm.parse(name)
        .orElseThrow(() ->
            new MalformedVerityException(
                "was made with hash algorithm "
                    + Quote.quote(name)
                    + ", which is neither sha256 nor sha512"));
  }

  private static Salt salt(byte[] bytes, int length) throws MalformedVerityException {
    if (length > Salt.BYTES_MAX) {
      throw new MalformedVerityException("has a salt of " + length + " bytes");
    }
    requireZero(bytes, AT_PADDING, AT_SALT);
    requireZero(bytes, AT_SALT + length, BYTES);
    return Salt.of(Arrays.copyOfRange(bytes, AT_SALT, AT_SALT + length));
  }

  /** Who writes a superblock leaves what is unused as zeroes; anything else is damage. */
  private static void requireZero(byte[] bytes, int from, int to) throws MalformedVerityException {
    for (int at = from; at < to; at++) {
      if (bytes[at] != 0) {
        throw new MalformedVerityException(
            "has something at byte " + at + " of its superblock, which is not in use");
      }
    }
  }
}
