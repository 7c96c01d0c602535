package org.particleos.update.verity;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A hash tree that was found to lead to the root hash it was asked for. Only {@link
 * HashTree#verify} makes one. Its digests are read from the disk each time.
 */
public final class TrustedTree {
  private final VeritySuperblock superblock;
  private final StoredDigests leaves;

  TrustedTree(VeritySuperblock superblock, StoredDigests leaves) {
    this.superblock = superblock;
    this.leaves = leaves;
  }

  public VeritySuperblock superblock() {
    return superblock;
  }

  /** The digests that neighbouring data blocks must have, one behind the other. */
  public ByteBuffer digests(long firstBlock, int count) throws IOException {
    return leaves.read(firstBlock, count);
  }
}
