package org.particleos.update.crash;

/**
 * What the program asked of storage, in the order in which it did. Files, directories and links are
 * nodes with a number that is never used twice.
 */
sealed interface Change {
  /** Bytes of a file or, where the node is a disk, of the disk. */
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody, and changed by nobody
  record Write(int node, int offset, byte[] bytes) implements Change {}

  /** The file ends there now. */
  record Resize(int node, int bytes) implements Change {}

  /** A name in a directory stands for the node from now on. */
  record Name(int directory, String name, int node) implements Change {}

  /**
   * A node gets another name in one step.
   *
   * @param freed what had that name and has none any more, else {@link Storage#NOTHING}
   */
  record Move(int from, String fromName, int to, String toName, int node, int freed)
      implements Change {}

  /** Two names change places. */
  record Exchange(int one, String oneName, int oneNode, int other, String otherName, int otherNode)
      implements Change {}

  /**
   * A name goes.
   *
   * @param freed the node if that was its last name, else {@link Storage#NOTHING}
   */
  record Unname(int directory, String name, int freed) implements Change {}

  /** fsync of a file or disk. */
  record Sync(int node) implements Change {}

  /** fsync of a file or disk that failed: what was on its way is lost. */
  record Lost(int node) implements Change {}

  /** fsync of a directory. */
  record SyncNames(int directory) implements Change {}

  /** syncfs. */
  record SyncVolume(Volume volume) implements Change {}

  /** sync. */
  record SyncAll() implements Change {}
}
