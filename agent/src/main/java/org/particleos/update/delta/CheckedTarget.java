package org.particleos.update.delta;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.particleos.update.acquire.WriteFailure;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.WriteBehind;
import org.particleos.update.verity.Extent;
import org.particleos.update.verity.HashAlgorithm;
import org.particleos.update.verity.SaltedDigest;
import org.particleos.update.verity.TrustedTree;

/**
 * What one thread needs to check blocks against the tree and to write them. Nothing is written that
 * is not what the tree says.
 */
final class CheckedTarget {
  private final TrustedTree tree;
  private final Extent extent;
  private final BlockMap map;
  private final Tally tally;
  private final WriteBehind behind;
  private final SaltedDigest digest;
  private final HashAlgorithm algorithm;
  private final int blockBytes;
  private final byte[] actual;

  CheckedTarget(TrustedTree tree, Extent extent, BlockMap map, Tally tally) {
    this.tree = tree;
    this.extent = extent;
    this.map = map;
    this.tally = tally;
    this.behind = new WriteBehind(extent.file(), extent.startBytes());
    this.algorithm = tree.superblock().algorithm();
    this.digest = new SaltedDigest(algorithm, tree.superblock().salt());
    this.blockBytes = tree.superblock().dataBlockBytes();
    this.actual = new byte[algorithm.digestBytes()];
  }

  /** Which blocks of a row are meant. */
  interface Choice {
    boolean takes(int block);
  }

  /** What is wrong with a block. */
  interface Mismatch {
    void at(int block) throws UpdateException;
  }

  /**
   * Takes neighbouring blocks: those that are chosen and right are written, in as few calls as
   * possible, and are in place from then on.
   *
   * @param image the blocks from the first one on; whole blocks
   */
  void take(int first, ByteBuffer image, Choice choice, Mismatch mismatch)
      throws IOException, UpdateException {
    int count = image.remaining() / blockBytes;
    ByteBuffer expected = tree.digests(first, count);
    int runStart = 0;
    for (int i = 0; i <= count; i++) {
      boolean good = i < count && choice.takes(first + i);
      if (good && !matches(image, i, expected)) {
        mismatch.at(first + i);
        good = false;
      }
      if (!good) {
        write(first, runStart, i, image);
        runStart = i + 1;
      }
    }
  }

  /** Whether a block is what the tree says. */
  private boolean matches(ByteBuffer image, int index, ByteBuffer expected) {
    digest.digest(image.slice(image.position() + index * blockBytes, blockBytes), actual, 0);
    return ByteBuffer.wrap(actual)
        .equals(
            expected.slice(
                expected.position() + index * algorithm.digestBytes(), algorithm.digestBytes()));
  }

  private void write(int first, int from, int to, ByteBuffer image) throws UpdateException {
    if (to <= from) {
      return;
    }
    int length = (to - from) * blockBytes;
    long at = extent.startBytes() + (long) (first + from) * blockBytes;
    try {
      extent.file().write(image.slice(image.position() + from * blockBytes, length), at);
      behind.wroteUpTo(at + length);
    } catch (IOException e) {
      throw WriteFailure.of(extent.file().path(), e);
    }
    for (int i = from; i < to; i++) {
      map.set(first + i, BlockMap.IN_PLACE);
    }
    tally.written(length);
  }

  /** Marks those blocks as in place that are, of a row that was read from the target. */
  void keep(int first, ByteBuffer image) throws IOException {
    int count = image.remaining() / blockBytes;
    ByteBuffer expected = tree.digests(first, count);
    for (int i = 0; i < count; i++) {
      if (matches(image, i, expected)) {
        map.set(first + i, BlockMap.IN_PLACE);
      }
    }
  }
}
