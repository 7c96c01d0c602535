package org.particleos.update.crash;

/** How something keeps what is written to it. */
enum Volume {
  /** A block device: sectors, and a cache that a flush empties. */
  DISK,

  /**
   * A file system without a journal, as an ESP has. Names reach the disk in any order, one without
   * the other half of a rename; a longer file may end in what was in its clusters before; clusters
   * of a file that was removed are given to others at once.
   */
  FAT,

  /** The same on another disk: a flush of one says nothing about the other. */
  SECOND_FAT,

  /**
   * A file system with a journal. Names reach the disk in their order and renames as a whole, but
   * nothing is said about the content of files.
   */
  JOURNALED;

  boolean fat() {
    return this == FAT || this == SECOND_FAT;
  }
}
