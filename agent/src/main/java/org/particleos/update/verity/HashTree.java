package org.particleos.update.verity;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.particleos.update.verity.BlockRanges.Collector;

/**
 * A dm-verity hash tree where it is stored: the superblock in the first hash block, then the levels
 * from the root down to the leaves. Each level holds the digests of the blocks of the next one, the
 * leaves those of the data, one behind the other. A tree over a single data block has no levels:
 * the root hash is that block's digest.
 *
 * <p>Whether it is true is not known before it was compared with a root hash.
 */
public final class HashTree {
  private final Extent extent;
  private final VeritySuperblock superblock;

  /** Leaves first. */
  private final List<Level> levels;

  /**
   * Digests of the blocks below.
   *
   * @param number counted from the leaves, which are 0
   * @param firstBlock where it begins, in hash blocks
   * @param blocks its length; fits into an int, so that sets of blocks do
   * @param digests how many there are
   */
  record Level(int number, long firstBlock, long blocks, long digests) {}

  private HashTree(Extent extent, VeritySuperblock superblock, List<Level> levels) {
    this.extent = extent;
    this.superblock = superblock;
    this.levels = List.copyOf(levels);
  }

  /**
   * Reads the superblock and finds the levels.
   *
   * @param verity the whole verity partition; it may be longer than the tree
   * @param dataBytesMax length of the data partition, which may be longer than the data
   * @throws MalformedVerityException if the superblock is not one, not supported, or promises more
   *     than there is room for
   */
  public static HashTree read(Extent verity, long dataBytesMax)
      throws IOException, MalformedVerityException {
    var superblock = VeritySuperblock.read(verity);
    if (superblock.dataBytes() > dataBytesMax) {
      throw new MalformedVerityException(
          "is for "
              + superblock.dataBlocks()
              + " data blocks of "
              + superblock.dataBlockBytes()
              + " bytes, more than the "
              + dataBytesMax
              + " bytes of the data partition");
    }
    var tree = new HashTree(verity, superblock, levels(superblock));
    if (tree.treeBlocks() >= verity.sizeBytes() / superblock.hashBlockBytes()) {
      throw new MalformedVerityException(
          "has a tree of "
              + tree.treeBlocks()
              + " blocks of "
              + superblock.hashBlockBytes()
              + " bytes behind its superblock, more than its "
              + verity.sizeBytes()
              + " bytes");
    }
    return tree;
  }

  private static List<Level> levels(VeritySuperblock superblock) throws MalformedVerityException {
    int perBlock = superblock.digestsPerBlock();
    List<Long> counts = new ArrayList<>();
    for (long below = superblock.dataBlocks(); below > 1; ) {
      below = Math.ceilDiv(below, perBlock);
      counts.add(below);
    }
    if (!counts.isEmpty() && counts.getFirst() > Integer.MAX_VALUE) {
      throw new MalformedVerityException("has " + counts.getFirst() + " leaf blocks");
    }
    long next = 1; // behind the superblock, which is never longer than a hash block
    List<Level> levels = new ArrayList<>();
    for (int number = counts.size() - 1; number >= 0; number--) {
      long digests = number == 0 ? superblock.dataBlocks() : counts.get(number - 1);
      levels.addFirst(new Level(number, next, counts.get(number), digests));
      next += counts.get(number);
    }
    return levels;
  }

  public VeritySuperblock superblock() {
    return superblock;
  }

  List<Level> levels() {
    return levels;
  }

  private long treeBlocks() {
    return levels.stream().mapToLong(Level::blocks).sum();
  }

  /** How many bytes of the partition are the superblock and the tree. */
  public long sizeBytes() {
    return (1 + treeBlocks()) * superblock.hashBlockBytes();
  }

  /** How many bytes {@link #compare} reads, tree and data together. */
  public long comparedBytes() {
    return treeBlocks() * superblock.hashBlockBytes() + superblock.dataBytes();
  }

  /**
   * The root hash that the tree leads to as it is stored, whatever that is worth.
   *
   * @param data the data partition, of which a tree without levels needs the only block
   */
  public RootHash storedRoot(Extent data) throws IOException {
    var digest = new SaltedDigest(superblock.algorithm(), superblock.salt());
    byte[] top =
        levels.isEmpty()
            ? data.bytes(0, superblock.dataBlockBytes())
            : blocks(levels.getLast()).bytes(0, superblock.hashBlockBytes());
    return RootHash.of(digest.digest(top));
  }

  /** The blocks of one level. */
  private Extent blocks(Level level) {
    int blockBytes = superblock.hashBlockBytes();
    return extent.part(level.firstBlock() * blockBytes, level.blocks() * blockBytes);
  }

  /**
   * Reads all of the tree and tells whether it leads to the root hash; the data is not looked at.
   *
   * @throws MalformedVerityException if it does not
   */
  public TrustedTree verify(RootHash root, Watch watch)
      throws IOException, MalformedVerityException {
    var comparison = new TreeComparison(root, watch);
    Layer leaves = comparison.tree();
    BlockRanges bad = comparison.bad.ranges();
    if (bad.count() > 0) {
      throw new MalformedVerityException(
          "does not lead to root hash "
              + root
              + ": "
              + bad.count()
              + " of its blocks are not right");
    }
    return new TrustedTree(superblock, leaves.digests());
  }

  /**
   * Compares all of the tree with the root hash, and all data with the tree.
   *
   * @param data the data partition, not shorter than {@link #read} was told
   */
  public Integrity compare(Extent data, RootHash root, Watch watch) throws IOException {
    var comparison = new TreeComparison(root, watch);
    Layer leaves = comparison.tree();
    var badData = new Collector();
    var lost =
        comparison.compare(
            data.part(0, superblock.dataBytes()),
            superblock.dataBlocks(),
            superblock.dataBlockBytes(),
            leaves,
            badData::add,
            _ -> {});
    return new Integrity(
        new Integrity.Compared(
            treeBlocks(), superblock.hashBlockBytes(), comparison.bad.ranges(), comparison.cutOff),
        new Integrity.Compared(
            superblock.dataBlocks(), superblock.dataBlockBytes(), badData.ranges(), lost));
  }

  /** From the root down, level by level: each is compared with the one above it. */
  private final class TreeComparison {
    private final Watch watch;
    private final RootHash root;
    private final Collector bad = new Collector();
    private long cutOff;
    private long digestedBefore;

    TreeComparison(RootHash root, Watch watch) {
      this.root = root;
      this.watch = watch;
    }

    Layer tree() throws IOException {
      Layer above = Layer.root(root, superblock.algorithm());
      for (Level level : levels.reversed()) {
        var untrusted = new UntrustedBlocks();
        cutOff +=
            compare(
                blocks(level),
                level.blocks(),
                superblock.hashBlockBytes(),
                above,
                block -> {
                  bad.add(level.firstBlock() + block);
                  untrusted.add(block);
                },
                untrusted::add);
        above =
            new Layer(
                new StoredDigests.OnDisk(
                    blocks(level), superblock.algorithm().digestBytes(), level.digests()),
                superblock.digestsPerBlock(),
                untrusted);
      }
      return above;
    }

    /** Returns how many blocks are cut off. */
    long compare(
        Extent blocks,
        long count,
        int blockBytes,
        Layer above,
        LayerComparison.Found onBad,
        LayerComparison.Found onCutOff)
        throws IOException {
      var layer = new LayerComparison(above, superblock.algorithm(), onBad, onCutOff);
      long before = digestedBefore;
      BlockDigests.visitAll(
          blocks,
          count,
          blockBytes,
          superblock.algorithm(),
          superblock.salt(),
          new Watch() {
            @Override
            public void digested(long bytes) {
              watch.digested(before + bytes);
            }

            @Override
            public boolean stopped() {
              return watch.stopped();
            }
          },
          layer);
      digestedBefore += count * blockBytes;
      return layer.cutOff();
    }
  }
}
