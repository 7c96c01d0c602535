package org.particleos.update.delta;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.codec.SeekTableWriter;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.verity.BlockRanges;
import org.particleos.update.verity.Extent;
import org.particleos.update.verity.HashTree;
import org.particleos.update.verity.TrustedTree;
import org.particleos.update.verity.Watch;

/** A disk with an old image, and a payload with a new one, of which most blocks are old. */
class DeltaTest {
  private static final int BLOCK = SmallTree.BLOCK;
  private static final int BLOCKS = 1000;
  private static final int IMAGE = BLOCKS * BLOCK;
  private static final long SEED = 20261122;

  /** Neither begins at a multiple of a page. */
  private static final int OLD_AT = 3 * 512;

  private static final int NEW_AT = OLD_AT + IMAGE + 512;
  private static final int TREE_AT = NEW_AT + IMAGE;

  @TempDir Path folder;
  private final Random random = new Random(SEED);
  private final Cancellation cancellation = new Cancellation();
  private final byte[] old = new byte[IMAGE];
  private final byte[] wanted = new byte[IMAGE];
  private byte[] target = new byte[IMAGE];
  private OpenFile disk;

  @BeforeEach
  void make() throws IOException {
    Path file = Files.createFile(folder.resolve("disk"));
    disk = new LinuxKernel().open(file, EnumSet.of(OpenFlag.READ, OpenFlag.WRITE));
    random.nextBytes(old);
    // Shifted by three blocks, behind 20 new ones; a hole; some single blocks are new.
    System.arraycopy(old, 0, wanted, 23 * BLOCK, IMAGE - 23 * BLOCK);
    renew(0, 20);
    Arrays.fill(wanted, 300 * BLOCK, 320 * BLOCK, (byte) 0);
    renew(500, 1);
    renew(502, 1);
    renew(700, 40);
    renew(BLOCKS - 1, 1);
    random.nextBytes(target);
  }

  @AfterEach
  void close() throws IOException {
    disk.close();
  }

  /** Overwrites blocks of the new image with noise. */
  private void renew(int block, int count) {
    byte[] noise = new byte[count * BLOCK];
    random.nextBytes(noise);
    System.arraycopy(noise, 0, wanted, block * BLOCK, noise.length);
  }

  // ---- Tools ----

  private TrustedTree tree(String salt, String name, String algorithm) throws Exception {
    var tree = SmallTree.of(wanted, salt, name, algorithm);
    byte[] bytes = new byte[TREE_AT + tree.bytes().length];
    System.arraycopy(old, 0, bytes, OLD_AT, IMAGE);
    System.arraycopy(target, 0, bytes, NEW_AT, IMAGE);
    System.arraycopy(tree.bytes(), 0, bytes, TREE_AT, tree.bytes().length);
    Files.write(folder.resolve("disk"), bytes);
    return HashTree.read(new Extent(disk, TREE_AT, tree.bytes().length), IMAGE)
        .verify(tree.root(), Watch.unwatched());
  }

  private Extent oldSlot() {
    return new Extent(disk, OLD_AT, IMAGE);
  }

  private Extent newSlot() {
    return new Extent(disk, NEW_AT, IMAGE);
  }

  private byte[] written() throws IOException {
    byte[] all = Files.readAllBytes(folder.resolve("disk"));
    assertArrayEquals(old, Arrays.copyOfRange(all, OLD_AT, OLD_AT + IMAGE), "the seed");
    return Arrays.copyOfRange(all, NEW_AT, NEW_AT + IMAGE);
  }

  /** All of it: search, choose, carry out. */
  private DeltaProgress.State run(Offer... offers) throws Exception {
    return run(tree("0102", "sha256", "SHA-256"), offers);
  }

  private DeltaProgress.State run(TrustedTree tree, Offer... offers) throws Exception {
    try (var delta = new Delta(tree, newSlot(), DeltaProgress.unwatched(), cancellation)) {
      var entries = delta.enterable(List.of(offers));
      delta.search(List.of(oldSlot()), newSlot());
      return delta.carryOut(delta.cheapest(entries, OptionalLong.of(IMAGE)), true);
    }
  }

  private String obstacle(Offer... offers) {
    return assertThrows(NoDeltaException.class, () -> run(offers)).clause();
  }

  private static byte[] frames(byte[] image, int frameBytes) {
    return frames(image, frameBytes, new ZstdCompressCtx().setChecksum(true));
  }

  private static byte[] frames(byte[] image, int frameBytes, ZstdCompressCtx context) {
    var table = new SeekTableWriter();
    var all = new ByteArrayOutputStream();
    for (int at = 0; at < image.length; at += frameBytes) {
      byte[] part = Arrays.copyOfRange(image, at, Math.min(at + frameBytes, image.length));
      byte[] packed = context.compress(part);
      table.add(packed.length, part.length);
      all.writeBytes(packed);
    }
    return withTable(all, table);
  }

  private static byte[] withTable(ByteArrayOutputStream all, SeekTableWriter table) {
    ByteBuffer bytes = table.table();
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    all.writeBytes(copy);
    return all.toByteArray();
  }

  // ---- Good ----

  @Test
  void onlyMissingBlocksOfAPlainImageAreFetched() throws Exception {
    var payload = new MemoryPayload(wanted);

    var state = run(payload.offer());

    assertArrayEquals(wanted, written());
    int missing = missing();
    assertTrue(
        payload.delivered() <= missing * BLOCK * 11 / 10,
        payload.delivered() + " bytes for " + missing + " blocks");
    assertEquals(payload.delivered(), state.bytesFetched());
    assertEquals(state.bytesToFetch(), state.bytesFetched());
    assertEquals((long) (BLOCKS - missing) * BLOCK, state.bytesReused());
    assertEquals(IMAGE, state.bytesWritten());
  }

  /** Blocks of the new image that are in the old one nowhere. */
  private int missing() {
    var known = new HashSet<ByteBuffer>();
    for (int block = 0; block < BLOCKS; block++) {
      known.add(ByteBuffer.wrap(old, block * BLOCK, BLOCK).slice());
    }
    known.add(ByteBuffer.allocate(BLOCK));
    int missing = 0;
    for (int block = 0; block < BLOCKS; block++) {
      missing += known.contains(ByteBuffer.wrap(wanted, block * BLOCK, BLOCK).slice()) ? 0 : 1;
    }
    return missing;
  }

  @Test
  void onlyFramesWithMissingBlocksAreFetched() throws Exception {
    var payload = new MemoryPayload(frames(wanted, 16 * BLOCK));

    run(payload.offer());

    assertArrayEquals(wanted, written());
    // Blocks 0 to 22, 500, 502, 700 to 739 and 999 lie in 2, 1, 4 and 1 frames of 16.
    assertTrue(payload.delivered() < 9 * 16 * BLOCK, "fetched " + payload.delivered());
  }

  @Test
  void theSaltOfTheNewTreeNeedNotBeTheOldOne() throws Exception {
    var tree = tree("ff".repeat(256), "sha256", "SHA-256");

    run(tree, new MemoryPayload(wanted).offer());

    assertArrayEquals(wanted, written());
  }

  @Test
  void treesOfTheLongerAlgorithmDo() throws Exception {
    var tree = tree("", "sha512", "SHA-512");

    run(tree, new MemoryPayload(wanted).offer());

    assertArrayEquals(wanted, written());
  }

  @Test
  void whatAnInterruptedRunHasLeftInPlaceIsNotFetchedAgain() throws Exception {
    System.arraycopy(wanted, 700 * BLOCK, target, 700 * BLOCK, 40 * BLOCK);
    var payload = new MemoryPayload(wanted);

    run(payload.offer());

    assertArrayEquals(wanted, written());
    assertTrue(payload.delivered() <= (missing() - 40) * BLOCK * 11 / 10, "" + payload.delivered());
  }

  @Test
  void thePayloadThatCostsLeastIsTaken() throws Exception {
    Arrays.fill(wanted, 700 * BLOCK, 740 * BLOCK, (byte) 7); // packs well
    var plain = new MemoryPayload(wanted);
    var packed = new MemoryPayload(frames(wanted, 4 * BLOCK));

    run(plain.offer(), packed.offer());

    assertArrayEquals(wanted, written());
    assertEquals(1, plain.asked().size());
    assertTrue(packed.asked().size() > 2);
  }

  @Test
  void aSeedThatChangesAfterTheSearchIsMadeUpForByFetching() throws Exception {
    var tree = tree("00", "sha256", "SHA-256");
    var payload = new MemoryPayload(wanted);
    try (var delta = new Delta(tree, newSlot(), DeltaProgress.unwatched(), cancellation)) {
      var entries = delta.enterable(List.of(payload.offer()));
      delta.search(List.of(oldSlot()), newSlot());
      old[100 * BLOCK] ^= 1;
      disk.write(ByteBuffer.allocateDirect(1).put(old[100 * BLOCK]).flip(), OLD_AT + 100 * BLOCK);

      delta.carryOut(delta.cheapest(entries, OptionalLong.of(IMAGE)), true);

      assertArrayEquals(wanted, written());
    }
  }

  @Test
  void aConnectionThatBreaksIsAskedAgainForTheRest() throws Exception {
    var payload = new MemoryPayload(wanted).breaking(2, 9000);

    run(payload.offer());

    assertArrayEquals(wanted, written());
  }

  @Test
  void badBlocksAreReplacedAndNothingElseIsRead() throws Exception {
    System.arraycopy(wanted, 0, target, 0, IMAGE);
    target[17 * BLOCK + 5] ^= 1;
    var tree = tree("00", "sha256", "SHA-256");
    var payload = new MemoryPayload(wanted);
    try (var delta = new Delta(tree, newSlot(), DeltaProgress.unwatched(), cancellation)) {
      delta.damaged(new BlockRanges(1, List.of(new BlockRanges.Range(17, 17))));
      var way = delta.cheapest(delta.enterable(List.of(payload.offer())), OptionalLong.of(IMAGE));

      delta.carryOut(way, true);
    }

    assertArrayEquals(wanted, written());
    assertTrue(payload.delivered() < 2 * BLOCK, "" + payload.delivered());
  }

  @Test
  void whatIsPackedHereCanBeFetchedInPartsAndReadByZstdItself() throws Exception {
    Path packed = folder.resolve("image.zst");
    Files.write(folder.resolve("image"), wanted);
    try (var image = new LinuxKernel().open(folder.resolve("image"), EnumSet.of(OpenFlag.READ));
        var file = new LinuxKernel().open(packed, EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE))) {
      var result = SeekablePacking.run(image, file, 3, 64 << 10, cancellation);
      assertEquals(Math.ceilDiv(IMAGE, 64 << 10), result.frames());
    }

    run(new MemoryPayload(Files.readAllBytes(packed)).offer());

    assertArrayEquals(wanted, written());
    try (var in =
        new com.github.luben.zstd.ZstdInputStream(Files.newInputStream(packed))
            .setContinuous(false)) {
      assertArrayEquals(wanted, in.readAllBytes());
    }
    try (var file = new LinuxKernel().open(packed, EnumSet.of(OpenFlag.READ));
        var image = new LinuxKernel().open(folder.resolve("image"), EnumSet.of(OpenFlag.READ))) {
      var checked = SeekableCheck.run(file, java.util.Optional.of(image), cancellation);
      assertEquals(IMAGE, checked.bytes());
    }
  }

  // ---- Obstacles ----

  @Test
  void aServerWithoutRangesIsNoSourceForParts() {
    String clause = obstacle(new MemoryPayload(wanted).withoutRanges().offer());

    assertTrue(clause.contains("sends no parts"), clause);
  }

  @Test
  void aSingleFrameIsNoSourceForParts() {
    assertTrue(obstacle(new MemoryPayload(frames(wanted, IMAGE)).offer()).contains("single frame"));
    assertTrue(
        obstacle(new MemoryPayload(Zstd.compress(wanted)).offer())
            .contains("nor packed in frames"));
  }

  @Test
  void framesThatDoNotBeginWithBlocksAreNoSourceForParts() {
    var payload = new MemoryPayload(frames(wanted, 10_000));

    assertTrue(obstacle(payload.offer()).contains("do not begin with a block"));
  }

  @Test
  void anImageOfAnotherLengthIsNoSourceForParts() {
    var payload = new MemoryPayload(frames(Arrays.copyOf(wanted, IMAGE - BLOCK), 16 * BLOCK));

    assertTrue(obstacle(payload.offer()).contains("the hash tree is for " + IMAGE));
  }

  @Test
  void whereNearlyEverythingIsNewAllOfItIsFetched() {
    random.nextBytes(wanted);

    String clause = obstacle(new MemoryPayload(wanted).offer());

    assertTrue(clause.contains("all of it " + IMAGE), clause);
  }

  @Test
  void aSlotThatIsTooSmallForTheTreeIsRefused() throws Exception {
    var tree = tree("00", "sha256", "SHA-256");

    assertThrows(
        NoDeltaException.class,
        () ->
            new Delta(
                tree,
                new Extent(disk, NEW_AT, IMAGE - 1),
                DeltaProgress.unwatched(),
                cancellation));
  }

  @Test
  void blocksThatAreNotWhatTheTreeSaysAreNeverWritten() throws Exception {
    byte[] lying = wanted.clone();
    lying[710 * BLOCK] ^= 1;

    for (byte[] payload : List.of(lying, frames(lying, 16 * BLOCK))) {
      var refused =
          assertThrows(
              UpdateException.NotTrusted.class, () -> run(new MemoryPayload(payload).offer()));

      assertEquals(Reason.DIGEST_MISMATCH, refused.reason());
      byte[] found = Arrays.copyOfRange(written(), 710 * BLOCK, 711 * BLOCK);
      assertArrayEquals(Arrays.copyOfRange(target, 710 * BLOCK, 711 * BLOCK), found);
    }
  }

  @Test
  void framesThatCannotBeUnpackedAreRefused() {
    byte[] cut = frames(wanted, 16 * BLOCK);
    Arrays.fill(cut, 100, 300, (byte) 0x55);
    byte[] withDictionary = frames(wanted, 16 * BLOCK, new ZstdCompressCtx().loadDict(trained()));

    for (byte[] payload : List.of(cut, withDictionary)) {
      var refused =
          assertThrows(
              UpdateException.NotTrusted.class, () -> run(new MemoryPayload(payload).offer()));

      assertEquals(Reason.PAYLOAD_CORRUPT, refused.reason());
    }
  }

  /** A dictionary with an identity, which is noted in the frames. */
  private static byte[] trained() {
    var trainer = new com.github.luben.zstd.ZstdDictTrainer(1 << 20, 4 << 10);
    for (int i = 0; i < 4000; i++) {
      trainer.addSample(
          ("a sample of text with number " + i + " in it").getBytes(StandardCharsets.UTF_8));
    }
    return trainer.trainSamples();
  }

  @Test
  void aSeekTableThatLiesAboutFramesIsRefused() {
    var table = new SeekTableWriter();
    var all = new ByteArrayOutputStream();
    for (int at = 0; at < IMAGE; at += IMAGE / 2) {
      byte[] packed = Zstd.compress(Arrays.copyOfRange(wanted, at, at + IMAGE / 4));
      table.add(packed.length, IMAGE / 2);
      all.writeBytes(packed);
    }
    var payload = new MemoryPayload(withTable(all, table));

    var refused = assertThrows(UpdateException.NotTrusted.class, () -> run(payload.offer()));

    assertEquals(Reason.PAYLOAD_CORRUPT, refused.reason());
  }

  @Test
  void aConnectionThatBreaksAlwaysIsGivenUp() {
    var payload = new MemoryPayload(wanted).breaking(Integer.MAX_VALUE, 0);

    assertThrows(UpdateException.Unreachable.class, () -> run(payload.offer()));
  }

  @Test
  void aCancellationEndsItWithAllThreads() throws Exception {
    int[] asked = new int[1];
    var payload =
        new MemoryPayload(wanted)
            .beforeEach(() -> {
              asked[0]++;
              if (asked[0] == 3) {
                cancellation.cancel();
              }
            });

    assertThrows(UpdateException.Interrupted.class, () -> run(payload.offer()));

    assertTrue(
        Thread.getAllStackTraces().keySet().stream()
            .noneMatch(thread -> thread.getName().startsWith("delta-")));
  }
}
