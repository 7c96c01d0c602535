package org.particleos.update.verity;

import java.util.BitSet;

/**
 * The blocks of one level of a tree that are bad or below a bad one. Filled by several threads, and
 * looked at when those have ended. Takes memory only where something is bad, at most a bit for each
 * block of the level.
 */
final class UntrustedBlocks {
  private final BitSet blocks = new BitSet();

  synchronized void add(long block) {
    blocks.set(Math.toIntExact(block));
  }

  boolean contains(long block) {
    return block < blocks.length() && blocks.get((int) block);
  }
}
