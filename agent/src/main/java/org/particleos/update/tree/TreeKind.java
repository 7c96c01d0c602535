package org.particleos.update.tree;

/** What the top of a new tree is (update-algorithm.md 11.4). */
public enum TreeKind {
  DIRECTORY,
  /** A btrfs subvolume where the file system is btrfs, else a plain directory. */
  SUBVOLUME
}
