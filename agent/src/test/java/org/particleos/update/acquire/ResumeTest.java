package org.particleos.update.acquire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.particleos.update.codec.Compression;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.OwnThreads;
import org.particleos.update.fetch.Payload;
import org.particleos.update.fetch.Unpacking;
import org.particleos.update.linux.DelegatingFile;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.pattern.Sha256;
import org.particleos.update.spool.Remark;
import org.particleos.update.spool.Spool;
import org.particleos.update.spool.SpoolPolicy;

/**
 * A transfer that was cut short goes on where it stopped, and whatever was done to it meanwhile is
 * noticed.
 */
class ResumeTest {
  private static final long SEED = 4;
  private static final int MEBI = 1 << 20;

  /** What an interruption may cost at most. */
  private static final long LOST_BYTES_MAX = 4L * MEBI;

  private static final int SLOT_OFFSET = 3 * MEBI;
  private static final Payload URL = new Payload.Url(URI.create("http://example.org/image"));

  /** More changes than any transfer here makes; ends a sweep that would not. */
  private static final int CHANGES_MAX = 1000;

  @TempDir Path home;
  private byte[] content;
  private byte[] image;

  /** A payload and where it goes. */
  enum Way {
    RAW_TO_SLOT,
    RAW_TO_FILE,
    PACKED_TO_SLOT,
    PACKED_TO_FILE;

    boolean packed() {
      return this == PACKED_TO_SLOT || this == PACKED_TO_FILE;
    }

    boolean slot() {
      return this == RAW_TO_SLOT || this == PACKED_TO_SLOT;
    }
  }

  @BeforeEach
  void makePayload() {
    content = Bytes.noise(SEED, 11 * MEBI + 12_345);
    Arrays.fill(content, 2 * MEBI + 7, 3 * MEBI + 70_000, (byte) 0); // a hole
    image = Bytes.pack(Compression.ZSTD, content);
  }

  @AfterEach
  void noThreadIsLeftBehind() {
    assertEquals(List.of(), OwnThreads.alive());
  }

  // ---- The machine ----

  private byte[] payload(Way way) {
    return way.packed() ? image : content;
  }

  private Path target() {
    return home.resolve("target");
  }

  private Path spoolDirectory() {
    return home.resolve("spool");
  }

  private Spool spool(Kernel kernel, boolean sync) {
    return new Spool(
        kernel,
        new SpoolPolicy(true, spoolDirectory(), 1L << 30, 0),
        "test",
        sync,
        () -> Instant.EPOCH);
  }

  private Destination destination(Kernel kernel, Way way) {
    if (!way.slot()) {
      return () -> FileSink.continuing(kernel, target());
    }
    return () -> {
      try {
        OpenFile disk =
            kernel.open(
                target(),
                EnumSet.of(Kernel.OpenFlag.READ, Kernel.OpenFlag.WRITE, Kernel.OpenFlag.CREATE));
        return new ClosingSink(disk, new PartitionSink(disk, SLOT_OFFSET, 12L * MEBI));
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    };
  }

  /** Closes the disk as well. */
  private record ClosingSink(OpenFile disk, PartitionSink sink) implements ContinuedSink {
    @Override
    public int read(ByteBuffer direct, long offset) throws IOException {
      return sink.read(direct, offset);
    }

    @Override
    public void passOver(long bytes) {
      sink.passOver(bytes);
    }

    @Override
    public void sync() throws IOException {
      sink.sync();
    }

    @Override
    public void write(ByteBuffer direct) throws UpdateException {
      sink.write(direct);
    }

    @Override
    public void finish(boolean sync) throws UpdateException {
      sink.finish(sync);
    }

    @Override
    public void close() throws UpdateException {
      try {
        disk.close();
      } catch (IOException e) {
        throw WriteFailure.of(disk.path(), e);
      }
    }
  }

  private interface BeforeWrite {
    void write(Path file, ByteBuffer direct, long offset) throws IOException;
  }

  /** Does something before every write to a file that it opened. */
  private static final class WatchedKernel extends DelegatingKernel {
    private final BeforeWrite before;

    WatchedKernel(BeforeWrite before) {
      super(new LinuxKernel());
      this.before = before;
    }

    @Override
    public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
      return new DelegatingFile(super.open(path, flags)) {
        @Override
        public void write(ByteBuffer direct, long offset) throws IOException {
          before.write(path, direct, offset);
          super.write(direct, offset);
        }

        @Override
        public boolean writeDirect(ByteBuffer direct, long offset) throws IOException {
          before.write(path, direct, offset);
          return super.writeDirect(direct, offset);
        }
      };
    }
  }

  private record Run(Acquired acquired, List<Remark> remarks) {}

  private Run run(FakeServer server, Way way, Sha256 expected) throws UpdateException {
    return run(server, new LinuxKernel(), way, expected, new Cancellation(), true);
  }

  private Run run(
      FakeServer server,
      Kernel kernel,
      Way way,
      Sha256 expected,
      Cancellation cancellation,
      boolean sync)
      throws UpdateException {
    try (var spool = spool(kernel, sync)) {
      var acquired =
          server
              .acquisition(sync)
              .run(
                  URL,
                  expected,
                  Unpacking.DETECT,
                  destination(kernel, way),
                  spool,
                  Progress.unwatched(),
                  cancellation);
      assertTargetHolds(way, content);
      spool.forget(expected);
      assertEquals(List.of(), kept());
      return new Run(acquired, spool.takeRemarks());
    }
  }

  private void assertTargetHolds(Way way, byte[] bytes) {
    try {
      byte[] held = Files.readAllBytes(target());
      int from = way.slot() ? SLOT_OFFSET : 0;
      int end = way.slot() ? from + bytes.length : held.length;
      assertArrayEquals(bytes, Arrays.copyOfRange(held, from, end));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Names of what is in the spool, locks left out. */
  private List<Path> kept() {
    if (!Files.exists(spoolDirectory())) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(spoolDirectory())) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.endsWith("lock"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private Path kept(String end) {
    return kept().stream().filter(file -> file.toString().endsWith(end)).findFirst().orElseThrow();
  }

  /** A first run that ends at this byte, and what arrived in it. */
  private FakeServer cut(Way way, long position) {
    var server = new FakeServer(payload(way)).cutAt(position);
    var failure =
        assertThrows(UpdateException.class, () -> run(server, way, Bytes.sha256(payload(way))));
    assertEquals(Reason.BODY_TRUNCATED, failure.reason());
    server.healed().forgetWhatItSaw();
    return server;
  }

  private Run resume(FakeServer server, Way way) throws UpdateException {
    return run(server, way, Bytes.sha256(payload(way)));
  }

  private void assertResumed(FakeServer server, Way way, Run run, long arrived) {
    assertEquals(1, server.offsets().size(), () -> server.offsets().toString());
    long offset = server.offsets().getFirst();
    assertTrue(offset >= arrived - LOST_BYTES_MAX, offset + " of " + arrived);
    assertEquals(payload(way).length - offset, server.delivered());
    assertEquals(payload(way).length - offset, run.acquired().bytesTransferred());
    assertEquals(offset, run.acquired().bytesReused());
    assertEquals(List.of(), run.remarks());
  }

  private void assertBegunAnew(FakeServer server, Way way, Run run) {
    assertEquals(0, server.offsets().getLast());
    assertEquals(0, run.acquired().bytesReused());
    assertEquals(server.delivered(), run.acquired().bytesTransferred());
    assertTrue(run.acquired().bytesTransferred() >= payload(way).length);
  }

  // ---- Going on ----

  @ParameterizedTest
  @EnumSource
  void whatArrivedIsNotFetchedAgain(Way way) throws Exception {
    var server = cut(way, 7L * MEBI + 77);

    var run = resume(server, way);

    assertResumed(server, way, run, 7L * MEBI + 77);
  }

  @ParameterizedTest
  @EnumSource
  void severalCutsCostLittleEach(Way way) throws Exception {
    var server = new FakeServer(payload(way));
    for (long position : new long[] {5L * MEBI + 1, 7L * MEBI, 9L * MEBI}) {
      server.cutAt(position);
      server.forgetWhatItSaw();
      assertThrows(UpdateException.Unreachable.class, () -> resume(server, way));
    }
    assertTrue(server.delivered() <= 2L * MEBI + LOST_BYTES_MAX, server.delivered() + " bytes");
    server.healed().forgetWhatItSaw();

    assertResumed(server, way, resume(server, way), 9L * MEBI);
  }

  @ParameterizedTest
  @EnumSource
  void killedAtAnyChangeLittleIsFetchedAgain(Way way) throws Exception {
    int kills = 0;
    for (int change = 0; change < CHANGES_MAX; change++) {
      deleteEverything();
      var server = new FakeServer(payload(way));
      Supplier<IOException> kill =
          () -> {
            throw new Killed();
          };
      var kernel = new FailingKernel(new LinuxKernel(), change, kill);
      try {
        run(server, kernel, way, Bytes.sha256(payload(way)), new Cancellation(), false);
        assertTrue(kills > 20, "only " + kills + " changes");
        return;
      } catch (Killed _) {
        kills++;
      }
      long arrived = server.delivered();
      server.forgetWhatItSaw();

      var run = run(server, way, Bytes.sha256(payload(way)));

      // While it is forgotten, its target has been marked as complete.
      if (!kernel.operations().get(change).name().equals("remove")) {
        assertResumed(server, way, run, arrived);
      }
    }
    throw new AssertionError("the transfer never ended well");
  }

  /** Not an exception that anybody handles: from here on the process does nothing any more. */
  private static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }

  private void deleteEverything() throws IOException {
    Files.deleteIfExists(target());
    for (Path file : kept()) {
      Files.delete(file);
    }
  }

  @Test
  void whatIsCompleteButNotMarkedYetIsNotFetchedAgain() throws Exception {
    content = Bytes.noise(SEED, 6 * MEBI); // ends with a chunk
    var server = new FakeServer(content);
    var digest = Bytes.sha256(content);
    try (var spool = spool(new LinuxKernel(), true)) {
      server
          .acquisition(true)
          .run(
              URL,
              digest,
              Unpacking.DETECT,
              destination(new LinuxKernel(), Way.RAW_TO_SLOT),
              spool,
              Progress.unwatched(),
              new Cancellation());
    }
    server.forgetWhatItSaw();

    var run = run(server, Way.RAW_TO_SLOT, digest);

    assertEquals(List.of(), server.offsets());
    assertEquals(6L * MEBI, run.acquired().bytesReused());
    assertEquals(Optional.of("\"one\""), run.acquired().etag());
  }

  @Test
  void aServerThatSaysNoLengthIsGoneOnWith() throws Exception {
    var server = new FakeServer(image).withoutLength().cutAt(6L * MEBI);
    assertThrows(UpdateException.Unreachable.class, () -> resume(server, Way.PACKED_TO_FILE));
    server.healed().forgetWhatItSaw();

    assertResumed(server, Way.PACKED_TO_FILE, resume(server, Way.PACKED_TO_FILE), 6L * MEBI);
  }

  @Test
  void ofWhatIsShortNothingIsKept() {
    content = Bytes.noise(SEED, 4 * MEBI);
    var server = new FakeServer(content).cutAt(3L * MEBI);

    assertThrows(UpdateException.Unreachable.class, () -> resume(server, Way.RAW_TO_SLOT));

    assertEquals(List.of(), kept());
  }

  @Test
  void anEndlessHoleAtTheCutIsNotLost() throws Exception {
    content = new byte[20 * MEBI];
    Arrays.fill(content, 0, MEBI, (byte) 'x');
    var server = cut(Way.RAW_TO_FILE, 17L * MEBI);

    assertResumed(server, Way.RAW_TO_FILE, resume(server, Way.RAW_TO_FILE), 17L * MEBI);
  }

  // ---- A slow spool ----

  private static boolean spooled(Path file) {
    return file.toString().endsWith(".packed");
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"PACKED_TO_SLOT", "PACKED_TO_FILE"})
  @Timeout(120) // of what hangs
  void aSlowSpoolHoldsUpFetchingOnlyWhenMuchHasArrived(Way way) throws Exception {
    var full = new CountDownLatch(1);
    var unpacked = new CountDownLatch(1);
    var unkept = new ArrayList<Long>();
    var server = new FakeServer(image);
    server.afterEachRead(() -> {
      if (server.delivered() >= LOST_BYTES_MAX) {
        full.countDown();
      }
    });
    server.whenStopped(() -> {
      full.countDown();
      unpacked.countDown();
    });
    var kernel =
        new WatchedKernel((file, _, offset) -> {
          if (spooled(file)) {
            await(full);
            await(unpacked);
            unkept.add(server.delivered() - offset);
          } else if (file.equals(target())) {
            unpacked.countDown();
          }
        });

    var run = run(server, kernel, way, Bytes.sha256(image), new Cancellation(), true);

    assertEquals(image.length, run.acquired().bytesTransferred());
    assertEquals(LOST_BYTES_MAX, unkept.getFirst());
    assertTrue(unkept.stream().allMatch(bytes -> bytes <= LOST_BYTES_MAX), unkept.toString());
  }

  @ParameterizedTest
  @EnumSource(names = {"PACKED_TO_SLOT", "PACKED_TO_FILE"})
  @Timeout(120) // of what hangs
  void whatArrivedBeforeTheLineBrokeIsKeptHoweverSlowTheSpoolIs(Way way) throws Exception {
    var stopped = new CountDownLatch(1);
    var server = new FakeServer(image).cutAt(3L * MEBI + 5).whenStopped(stopped::countDown);
    var kernel =
        new WatchedKernel((file, _, _) -> {
          if (spooled(file)) {
            await(stopped);
          }
        });
    assertThrows(
        UpdateException.Unreachable.class,
        () -> run(server, kernel, way, Bytes.sha256(image), new Cancellation(), true));
    server.healed().forgetWhatItSaw();

    assertOffset(3L * MEBI, server, way);
  }

  // ---- What is on the disk is not what it was ----

  private static void flip(Path file, long position) throws IOException {
    try (var open = new RandomAccessFile(file.toFile(), "rw")) {
      open.seek(position);
      int old = open.read();
      open.seek(position);
      open.write(old ^ 1);
    }
  }

  private void assertOffset(long expected, FakeServer server, Way way) throws Exception {
    var run = resume(server, way);

    assertEquals(List.of(expected), server.offsets());
    assertEquals(expected, run.acquired().bytesReused());
    assertEquals(payload(way).length - expected, server.delivered());
  }

  @Test
  void aFlippedBitInTheSpoolIsFoundWhereItIs() throws Exception {
    var server = cut(Way.PACKED_TO_SLOT, 8L * MEBI);
    flip(kept(".packed"), 3L * MEBI + 5);

    assertOffset(3L * MEBI, server, Way.PACKED_TO_SLOT);
  }

  @Test
  void aSpoolThatIsShorterThanItsJournalCountsAsFarAsItGoes() throws Exception {
    var server = cut(Way.PACKED_TO_SLOT, 8L * MEBI);
    try (var open = new RandomAccessFile(kept(".packed").toFile(), "rw")) {
      open.setLength(2L * MEBI + 100);
    }

    assertOffset(2L * MEBI, server, Way.PACKED_TO_SLOT);
  }

  @Test
  void withoutItsDataAJournalIsWorthNothing() throws Exception {
    var server = cut(Way.PACKED_TO_SLOT, 8L * MEBI);
    Files.delete(kept(".packed"));

    assertOffset(0, server, Way.PACKED_TO_SLOT);
  }

  @Test
  void aTargetThatWasOverwrittenIsFoundOut() throws Exception {
    var server = cut(Way.RAW_TO_SLOT, 8L * MEBI);
    flip(target(), SLOT_OFFSET + 2L * MEBI + 1);

    assertOffset(2L * MEBI, server, Way.RAW_TO_SLOT);
  }

  @Test
  void aTargetThatIsGoneIsWrittenAnew() throws Exception {
    var server = cut(Way.RAW_TO_FILE, 8L * MEBI);
    Files.delete(target());

    assertOffset(0, server, Way.RAW_TO_FILE);
  }

  @Test
  void aLongerFileOfAnotherPayloadLeavesNothingBehind() throws Exception {
    var server = cut(Way.RAW_TO_FILE, 8L * MEBI);
    Files.write(target(), Bytes.noise(99, 30 * MEBI));

    assertOffset(0, server, Way.RAW_TO_FILE);
  }

  @Test
  void aJournalIsBelievedUpToItsFirstLineOfGarbage() throws Exception {
    var server = cut(Way.PACKED_TO_SLOT, 8L * MEBI);
    Path journal = kept(".journal");
    byte[] text = Files.readAllBytes(journal);
    text[text.length - 9 * 5] = '!';
    Files.write(journal, text);

    assertOffset(3L * MEBI, server, Way.PACKED_TO_SLOT);
  }

  @Test
  void aLineThatWasCutOffDoesNotCount() throws Exception {
    var server = cut(Way.PACKED_TO_SLOT, 8L * MEBI);
    Path journal = kept(".journal");
    byte[] text = Files.readAllBytes(journal);
    Files.write(journal, Arrays.copyOf(text, text.length - 3));

    assertOffset(7L * MEBI, server, Way.PACKED_TO_SLOT);
  }

  @Test
  void aJournalOfGarbageIsForgotten() throws Exception {
    var server = cut(Way.PACKED_TO_SLOT, 8L * MEBI);
    Files.write(kept(".journal"), Bytes.noise(SEED, 3 * MEBI));

    assertOffset(0, server, Way.PACKED_TO_SLOT);
  }

  @Test
  void aJournalThatPromisesMoreThanThereIsIsNotBelieved() throws Exception {
    var server = cut(Way.RAW_TO_SLOT, 8L * MEBI);
    Path journal = kept(".journal");
    Files.writeString(journal, Files.readString(journal) + "00000000\n".repeat(200_000));

    var run = resume(server, Way.RAW_TO_SLOT);

    assertResumed(server, Way.RAW_TO_SLOT, run, 8L * MEBI);
  }

  @Test
  void chunksThatAreBelievedButMakeTheDigestWrongAreFetchedOnceMoreBeforeAnybodyIsBlamed()
      throws Exception {
    var server = cut(Way.PACKED_TO_SLOT, 8L * MEBI);
    // What another payload left, with its own right checksums.
    byte[] other = Bytes.pack(Compression.ZSTD, Bytes.noise(7, 11 * MEBI));
    Path journal = kept(".journal");
    var head = Files.readString(journal, java.nio.charset.StandardCharsets.ISO_8859_1);
    head = head.substring(0, head.length() - 8 * 9);
    var lines = new StringBuilder(head);
    for (int chunk = 0; chunk < 8; chunk++) {
      var crc = new java.util.zip.CRC32C();
      crc.update(other, chunk * MEBI, MEBI);
      lines.append(String.format("%08x%n", crc.getValue()));
    }
    Files.writeString(journal, lines);
    Files.write(kept(".packed"), Arrays.copyOf(other, 8 * MEBI));

    var run = resume(server, Way.PACKED_TO_SLOT);

    assertEquals(List.of(8L * MEBI, 0L), server.offsets());
    assertBegunAnew(server, Way.PACKED_TO_SLOT, run);
    assertTrue(run.remarks().getFirst().text().contains("begins anew"), run::toString);
  }

  // ---- The server is not what it was ----

  @ParameterizedTest
  @EnumSource
  void aFileThatChangedIsFetchedFromItsBeginning(Way way) throws Exception {
    var server = cut(way, 7L * MEBI);
    server.serving(payload(way), "\"two\"");

    var run = resume(server, way);

    assertEquals(0, server.offsets().getLast());
    assertBegunAnew(server, way, run);
    assertEquals(1, run.remarks().size());
    assertTrue(run.remarks().getFirst().text().contains("begins anew"), run::toString);
  }

  @Test
  void aServerWithoutRangesCostsOneMoreQuestionAndTheWholeFile() throws Exception {
    var server = cut(Way.PACKED_TO_FILE, 7L * MEBI).withoutRanges();

    var run = resume(server, Way.PACKED_TO_FILE);

    assertEquals(2, server.offsets().size());
    assertBegunAnew(server, Way.PACKED_TO_FILE, run);
  }

  @Test
  void aFileThatBecameShorterIsRefusedByItsDigestAndNothingIsKept() {
    var server = cut(Way.RAW_TO_SLOT, 8L * MEBI);
    server.serving(Arrays.copyOf(content, 6 * MEBI), "\"two\"").ignoringState();

    var refusal =
        assertThrows(UpdateException.NotTrusted.class, () -> resume(server, Way.RAW_TO_SLOT));

    assertEquals(Reason.DIGEST_MISMATCH, refusal.reason());
    assertEquals(0, server.offsets().getLast());
    assertEquals(List.of(), kept());
  }

  @Test
  void aFileThatGrewIsNotGoneOnWith() {
    var server = cut(Way.RAW_TO_SLOT, 8L * MEBI);
    server.serving(Arrays.copyOf(content, 12 * MEBI), "\"two\"").ignoringState();

    var refusal =
        assertThrows(UpdateException.NotTrusted.class, () -> resume(server, Way.RAW_TO_SLOT));

    assertEquals(Reason.DIGEST_MISMATCH, refusal.reason());
    assertEquals(2, server.offsets().size());
    assertEquals(List.of(), kept());
  }

  @Test
  void anotherFileOfTheSameLengthThatPassesForTheRestIsFoundByTheDigest() throws Exception {
    var server = cut(Way.RAW_TO_SLOT, 8L * MEBI);
    byte[] other = content.clone();
    other[9 * MEBI] ^= 1;
    server.serving(other, "\"one\"").mirror(content);

    var run = resume(server, Way.RAW_TO_SLOT);

    assertEquals(3, server.offsets().size(), "continued, from the start, from another mirror");
    assertEquals(0, run.acquired().bytesReused());
    assertEquals(server.delivered(), run.acquired().bytesTransferred());
  }

  @Test
  void aWrongDigestWithoutAnotherMirrorIsRefusedAtOnce() {
    byte[] other = content.clone();
    other[9 * MEBI] ^= 1;
    var server = new FakeServer(other);

    assertThrows(
        UpdateException.NotTrusted.class,
        () -> run(server, Way.RAW_TO_SLOT, Bytes.sha256(content)));

    assertEquals(List.of(0L), server.offsets());
    assertEquals(List.of(), kept());
  }

  @Test
  void mirrorsThatAllLieEndTheTransfer() {
    byte[] other = content.clone();
    other[9 * MEBI] ^= 1;
    var server = new FakeServer(other).mirror(other).mirror(other).mirror(content);

    assertThrows(
        UpdateException.NotTrusted.class,
        () -> run(server, Way.RAW_TO_SLOT, Bytes.sha256(content)));

    assertEquals(List.of(0L, 0L), server.offsets(), "once more, and no more than that");
  }

  // ---- There is no room ----

  /** A disk on which the files of this name cannot grow beyond a size. */
  private static Kernel full(String nameEnd, long sizeBytesMax) {
    return new WatchedKernel((file, direct, offset) -> {
      if (file.toString().endsWith(nameEnd) && offset + direct.remaining() > sizeBytesMax) {
        throw new LinuxException(
            Errno.ENOSPC.number(), "pwrite", file.toString(), "No space left on device");
      }
    });
  }

  @Test
  void aFullDiskUnderTheSpoolIsSaidAndTheTransferGoesOn() throws Exception {
    for (String name : List.of(".packed", ".journal")) {
      var kernel = full(name, name.equals(".packed") ? 3L * MEBI : 250);

      var run =
          run(
              new FakeServer(image),
              kernel,
              Way.PACKED_TO_SLOT,
              Bytes.sha256(image),
              new Cancellation(),
              true);

      assertEquals(1, run.remarks().size(), run::toString);
      assertTrue(run.remarks().getFirst().failure());
      assertTrue(run.remarks().getFirst().text().contains("No space left"), run::toString);
    }
  }

  @Test
  void whatFittedIntoTheSpoolIsStillUsed() throws Exception {
    var kernel = full(".packed", 3L * MEBI);
    var server = new FakeServer(image).cutAt(8L * MEBI);
    assertThrows(
        UpdateException.Unreachable.class,
        () ->
            run(server, kernel, Way.PACKED_TO_SLOT, Bytes.sha256(image), new Cancellation(), true));
    server.healed().forgetWhatItSaw();

    assertOffset(3L * MEBI, server, Way.PACKED_TO_SLOT);
  }

  // ---- Durability ----

  /** Notes what is synced, and lets somebody wait for the journal. */
  private static final class SyncNotingKernel extends DelegatingKernel {
    final List<String> synced = new ArrayList<>();
    final CountDownLatch journalSynced = new CountDownLatch(1);

    SyncNotingKernel() {
      super(new LinuxKernel());
    }

    @Override
    public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
      return new DelegatingFile(super.open(path, flags)) {
        @Override
        public void sync() throws IOException {
          super.sync();
          String name = path.getFileName().toString();
          synchronized (synced) {
            synced.add(name.substring(name.lastIndexOf('.') + 1));
          }
          if (name.endsWith(".journal")) {
            journalSynced.countDown();
          }
        }
      };
    }
  }

  @ParameterizedTest
  @EnumSource
  void whileTheServerIsSlowWhatArrivedIsMadeDurable(Way way) throws Exception {
    var server = new FakeServer(payload(way)).stallingAt(8L * MEBI);
    var kernel = new SyncNotingKernel();
    var cancellation = new Cancellation();
    var outcome =
        new FutureTask<>(() ->
            assertThrows(
                UpdateException.Interrupted.class,
                () -> run(server, kernel, way, Bytes.sha256(payload(way)), cancellation, true)));
    var thread = Thread.ofPlatform().start(outcome);

    // If it ends too early instead, its outcome says why.
    while (!outcome.isDone() && server.stalled.getCount() + kernel.journalSynced.getCount() > 0) {
      Thread.onSpinWait();
    }
    cancellation.cancel();
    outcome.get();
    thread.join();

    String data = way.packed() ? "packed" : "target";
    assertTrue(
        kernel.synced.indexOf(data) < kernel.synced.indexOf("journal"), kernel.synced::toString);
    server.healed().forgetWhatItSaw();
    assertResumed(server, way, resume(server, way), 8L * MEBI);
  }

  @Test
  void withoutSyncNothingIsWaitedFor() throws Exception {
    var kernel = new SyncNotingKernel();

    run(
        new FakeServer(image),
        kernel,
        Way.PACKED_TO_SLOT,
        Bytes.sha256(image),
        new Cancellation(),
        false);

    assertEquals(List.of(), kernel.synced);
  }
}
