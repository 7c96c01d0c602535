package org.particleos.update.tree;

import java.util.List;

/**
 * One member of a tar archive as its headers describe it. The format is right; whether a tree may
 * have such a member is not decided here.
 *
 * @param name as stored, maybe with {@code ./} before and {@code /} behind
 * @param linkTarget of links, else empty
 * @param sizeBytes of a file with its holes, else 0
 * @param storedBytes that follow in the archive
 * @param extents where the stored bytes belong; all else is holes
 * @param device number of a device node
 */
record TarEntry(
    String name,
    Type type,
    String linkTarget,
    FileFacts facts,
    long sizeBytes,
    long storedBytes,
    List<Extent> extents,
    long device) {
  enum Type {
    FILE,
    DIRECTORY,
    SYMBOLIC_LINK,
    HARD_LINK,
    CHARACTER_DEVICE,
    BLOCK_DEVICE,
    FIFO
  }

  /** A run of bytes in a file. */
  record Extent(long offset, long lengthBytes) {}
}
