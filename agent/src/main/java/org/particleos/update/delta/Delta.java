package org.particleos.update.delta;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.particleos.update.acquire.WriteFailure;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.pattern.Sha256;
import org.particleos.update.verity.BlockDigests;
import org.particleos.update.verity.BlockRanges;
import org.particleos.update.verity.Extent;
import org.particleos.update.verity.SaltedDigest;
import org.particleos.update.verity.TrustedTree;
import org.particleos.update.verity.VeritySuperblock;
import org.particleos.update.verity.Watch;

/**
 * Brings one image to its place without fetching what the disk holds already. What the image is,
 * its hash tree says, down to every block; so blocks are taken from wherever they are, and every
 * one is compared with the tree before it is written.
 *
 * <p>In this order: {@link #search} or {@link #damaged} tells which blocks are missing, {@link
 * #cheapest} how to get them, {@link #carryOut} does it. Nothing is changed before that.
 *
 * <p>Memory outside the heap: 20 to 24 bytes a block (14 to 16 MiB for an image of 2.7 GiB), and
 * buffers of at most 8 MiB for each of {@value #FETCHERS} threads that fetch. Used by one thread.
 */
public final class Delta implements AutoCloseable {
  /** 16 GiB in blocks of 4 KiB; they take 96 MiB of memory. */
  static final int BLOCKS_MAX = 1 << 22;

  /** Below that nearly everything is new, and one long download is quicker. */
  public static final int FOUND_PERCENT_MIN = 40;

  /** Requests in flight: hides the way to the server, without being a burden to it. */
  private static final int FETCHERS = 3;

  private static final int COPIERS = 2;

  /** How often blocks that a seed only seemed to hold are fetched afterwards. */
  private static final int ROUNDS_MAX = 3;

  private final TrustedTree tree;
  private final Extent target;
  private final Cancellation cancellation;
  private final Tally tally;
  private final VeritySuperblock superblock;
  private final Arena arena = Arena.ofShared();
  private final BlockMap map;
  private Seeds seeds;

  /**
   * Begins with everything missing.
   *
   * @param target where the image is to be; open for reading and writing through the page cache
   */
  public Delta(TrustedTree tree, Extent target, DeltaProgress progress, Cancellation cancellation)
      throws NoDeltaException {
    this(tree, target, progress, cancellation, System::nanoTime);
  }

  Delta(
      TrustedTree tree,
      Extent target,
      DeltaProgress progress,
      Cancellation cancellation,
      LongSupplier nanoClock)
      throws NoDeltaException {
    this.tree = tree;
    this.superblock = tree.superblock();
    this.target = target;
    this.cancellation = cancellation;
    this.tally = new Tally(progress, nanoClock);
    if (superblock.dataBytes() > target.sizeBytes()) {
      throw new NoDeltaException(
          "its hash tree is for "
              + superblock.dataBytes()
              + " bytes, more than the "
              + target.sizeBytes()
              + " of the slot");
    }
    if (superblock.dataBlocks() > BLOCKS_MAX) {
      throw new NoDeltaException("it has more than " + BLOCKS_MAX + " blocks");
    }
    this.map = new BlockMap(arena, (int) superblock.dataBlocks());
    this.seeds = new Seeds(List.of(), superblock.dataBlockBytes());
  }

  /** Length of the image. */
  public long imageBytes() {
    return superblock.dataBytes();
  }

  // ---- Which blocks are missing ----

  /**
   * How much of an image is here.
   *
   * @param bytesPresent in seeds, in place, or zeroes
   */
  public record Found(long bytesPresent, long bytesMissing) {
    public int percent() {
      return (int) (bytesPresent * 100 / (bytesPresent + bytesMissing));
    }
  }

  /**
   * Looks for blocks of the image: anywhere in the seeds, and in the target where they belong,
   * which is what an interrupted run has left.
   *
   * @param seedExtents read only; none of them may overlap the target
   * @param targetAgain the target, which may have been opened otherwise for reading
   * @throws InterruptedIOException if it was cancelled
   */
  public Found search(List<Extent> seedExtents, Extent targetAgain) throws IOException {
    var watch = watch();
    seeds = new Seeds(seedExtents, superblock.dataBlockBytes());
    // Only as long as it is searched in.
    try (var indexArena = Arena.ofShared()) {
      var wanted = new WantedBlocks(tree, zeroDigest(), map, indexArena, watch);
      for (int seed = 0; seed < seeds.count(); seed++) {
        wanted.visiting(seeds.first(seed));
        BlockDigests.visitAll(
            seeds.extent(seed),
            seeds.blocks(seed),
            superblock.dataBlockBytes(),
            superblock.algorithm(),
            superblock.salt(),
            watch,
            wanted);
      }
    }
    keepInPlace(targetAgain, watch);
    return found();
  }

  private Watch watch() {
    return new Watch() {
      @Override
      public void digested(long bytes) {}

      @Override
      public boolean stopped() {
        return cancellation.cancelled();
      }
    };
  }

  private byte[] zeroDigest() {
    byte[] digest = new byte[superblock.algorithm().digestBytes()];
    new SaltedDigest(superblock.algorithm(), superblock.salt())
        .digest(ByteBuffer.allocate(superblock.dataBlockBytes()), digest, 0);
    return digest;
  }

  private void keepInPlace(Extent targetAgain, Watch watch) throws IOException {
    var checker = target();
    int batchMax = LocalCopy.BATCH_BYTES / superblock.dataBlockBytes();
    try (var scratch = Arena.ofConfined()) {
      var buffer = Extent.buffer(scratch, LocalCopy.BATCH_BYTES);
      for (int block = 0; block < map.blocks(); ) {
        int count = 0;
        while (count < batchMax && block + count < map.blocks() && map.missing(block + count)) {
          count++;
        }
        if (count > 0) {
          if (watch.stopped()) {
            throw new InterruptedIOException("stopped");
          }
          checker.keep(
              block,
              targetAgain.read(
                  buffer,
                  (long) block * superblock.dataBlockBytes(),
                  count * superblock.dataBlockBytes()));
        }
        block += Math.max(count, 1);
      }
    }
  }

  /** Everything is in place but these blocks. */
  public void damaged(BlockRanges bad) {
    map.fill(BlockMap.IN_PLACE);
    for (BlockRanges.Range range : bad.first()) {
      for (long block = range.from(); block <= range.to(); block++) {
        map.set(Math.toIntExact(block), BlockMap.MISSING);
      }
    }
  }

  private Found found() {
    long missing = (long) map.countMissing() * superblock.dataBlockBytes();
    return new Found(superblock.dataBytes() - missing, missing);
  }

  // ---- How to get them ----

  /** A payload, and what it takes to get the missing blocks out of it. */
  public static final class Way {
    private final Enterable payload;
    private final FetchPlan plan;

    private Way(Enterable payload, FetchPlan plan) {
      this.payload = payload;
      this.plan = plan;
    }

    public Offer offer() {
      return payload.offer();
    }

    /** What will be fetched, what it took to find out included. */
    public long bytes() {
      return payload.bytesFetched() + plan.cost().bytes();
    }

    public long requests() {
      return plan.cost().requests();
    }
  }

  /**
   * Those payloads that can be entered, found out by their ends.
   *
   * @throws NoDeltaException why the last of them cannot, if none can
   */
  public List<Enterable> enterable(List<Offer> offers) throws UpdateException, NoDeltaException {
    List<Enterable> entries = new ArrayList<>();
    Optional<NoDeltaException> obstacle = Optional.empty();
    for (Offer offer : offers) {
      try {
        entries.add(
            Enterable.examine(offer, imageBytes(), superblock.dataBlockBytes(), cancellation));
      } catch (NoDeltaException e) {
        obstacle = Optional.of(e);
      } catch (UpdateException.Unreachable e) {
        obstacle =
            Optional.of(
                new NoDeltaException(
                    e.getMessage() + e.found().map(found -> " (" + found + ")").orElse(""), e));
      }
    }
    if (entries.isEmpty()) {
      throw obstacle.orElseGet(() -> new NoDeltaException("no payload can be entered"));
    }
    return entries;
  }

  /**
   * The way that costs least, by bytes and requests.
   *
   * @param full the length of the shortest payload, if that could be fetched as a whole instead
   * @throws NoDeltaException if that is not cheaper
   */
  public Way cheapest(List<Enterable> entries, OptionalLong full) throws NoDeltaException {
    Optional<Way> best = Optional.empty();
    for (Enterable entry : entries) {
      var plan = new FetchPlan(map, entry.layout(), superblock.dataBlockBytes());
      if (best.isEmpty() || plan.cost().weight() < best.get().plan.cost().weight()) {
        best = Optional.of(new Way(entry, plan));
      }
    }
    Way way = best.orElseThrow(() -> new IllegalArgumentException("there must be an entry"));
    if (full.isPresent() && way.plan.cost().weight() >= full.getAsLong()) {
      throw new NoDeltaException(
          "its missing blocks take "
              + way.bytes()
              + " bytes in "
              + way.requests()
              + " requests, all of it "
              + full.getAsLong());
    }
    return way;
  }

  // ---- Doing it ----

  /**
   * Copies what is here, fetches what is not, and returns when all of the image is in its place.
   * All threads have ended then, also when it fails; what the target holds is then worth nothing,
   * but whole blocks of it are found by the next search.
   *
   * @param sync wait until it is on stable storage
   * @throws UpdateException.NotTrusted if the payload does not hold what the tree says
   * @throws IOException if the tree cannot be read
   */
  public DeltaProgress.State carryOut(Way way, boolean sync) throws IOException, UpdateException {
    tally.willFetch(way.bytes());
    tally.fetched(way.payload.bytesFetched());
    tally.reused((long) map.count(BlockMap.IN_PLACE) * superblock.dataBlockBytes());
    String doing = "writing " + target.file().path() + " from " + way.offer().name();
    List<Crew.Task> tasks = new ArrayList<>(fetchers(way.payload, way.plan));
    var copy = new LocalCopy(map, seeds, superblock.dataBlockBytes(), targets(), tally);
    for (int i = 0; i < COPIERS; i++) {
      tasks.add(copy);
    }
    Crew.run("delta", doing, tasks, cancellation);
    for (int round = 1; map.countMissing() > 0; round++) {
      if (round > ROUNDS_MAX) {
        throw new IllegalStateException("blocks that were fetched and written are still missing");
      }
      // What a seed seemed to hold and does not.
      var rest = new FetchPlan(map, way.payload.layout(), superblock.dataBlockBytes());
      tally.willFetch(rest.cost().bytes());
      Crew.run("delta", doing, fetchers(way.payload, rest), cancellation);
    }
    if (sync) {
      try {
        target.file().sync();
      } catch (IOException e) {
        throw WriteFailure.of(target.file().path(), e);
      }
    }
    return tally.reportLast();
  }

  private List<Crew.Task> fetchers(Enterable payload, FetchPlan plan) {
    List<Crew.Task> tasks = new ArrayList<>();
    var fetch = new PartialFetch(payload, plan, map, superblock.dataBlockBytes(), targets(), tally);
    for (int i = 0; i < Math.min(FETCHERS, plan.cost().requests()); i++) {
      tasks.add(fetch);
    }
    return tasks;
  }

  private Supplier<CheckedTarget> targets() {
    return this::target;
  }

  private CheckedTarget target() {
    return new CheckedTarget(tree, target, map, tally);
  }

  /**
   * SHA-256 over the whole image, as the disk has it now.
   *
   * @param targetAgain the target, which may have been opened to bypass the page cache
   */
  public Sha256 digest(Extent targetAgain) throws IOException {
    MessageDigest sha256;
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    try (var scratch = Arena.ofConfined()) {
      var buffer = Extent.buffer(scratch, LocalCopy.BATCH_BYTES);
      for (long at = 0; at < imageBytes(); at += LocalCopy.BATCH_BYTES) {
        if (cancellation.cancelled()) {
          throw new InterruptedIOException("stopped");
        }
        int length = (int) Math.min(LocalCopy.BATCH_BYTES, imageBytes() - at);
        sha256.update(targetAgain.read(buffer, at, length));
      }
    }
    return Sha256.of(sha256.digest());
  }

  @Override
  public void close() {
    arena.close();
  }
}
