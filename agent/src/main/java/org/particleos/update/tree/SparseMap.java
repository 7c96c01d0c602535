package org.particleos.update.tree;

import java.util.ArrayList;
import java.util.List;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.tree.TarEntry.Extent;

/** Collects offsets and lengths, in turn, until the map of a sparse file is complete. */
final class SparseMap {
  /** 16 bytes each in memory, and as many pieces as the most torn virtual disk has. */
  static final int EXTENTS_MAX = 1 << 18;

  private final List<Extent> extents = new ArrayList<>();
  private long pendingOffset = -1;

  void add(long number) throws UpdateException {
    if (number < 0) {
      throw TarFailure.damaged("a sparse map has a negative number");
    }
    if (pendingOffset < 0) {
      pendingOffset = number;
      return;
    }
    if (extents.size() == EXTENTS_MAX) {
      throw TarFailure.tooLarge("a sparse file has more than " + EXTENTS_MAX + " extents");
    }
    extents.add(new Extent(pendingOffset, number));
    pendingOffset = -1;
  }

  int size() {
    return extents.size();
  }

  /** The whole map, in order, within the file, and for exactly the bytes that are stored. */
  List<Extent> complete(long fileBytes, long storedBytes) throws UpdateException {
    if (pendingOffset >= 0) {
      throw TarFailure.damaged("a sparse map ends within an extent");
    }
    long position = 0;
    long stored = 0;
    for (var extent : extents) {
      if (extent.offset() < position || extent.lengthBytes() > fileBytes - extent.offset()) {
        throw TarFailure.damaged("the extents of a sparse file overlap or leave the file");
      }
      position = extent.offset() + extent.lengthBytes();
      stored += extent.lengthBytes();
    }
    if (stored != storedBytes) {
      throw TarFailure.damaged(
          "a sparse map covers " + stored + " bytes, but " + storedBytes + " are stored");
    }
    return List.copyOf(extents);
  }
}
