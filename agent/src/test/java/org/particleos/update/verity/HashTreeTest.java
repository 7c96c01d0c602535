package org.particleos.update.verity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.particleos.update.linux.DelegatingFile;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.verity.BlockRanges.Range;
import org.particleos.update.verity.VeritySetup.Shape;

/** Trees made by {@code veritysetup}. */
class HashTreeTest {
  private static final String SALT_32 = "5a".repeat(32);
  private static final String SALT_256 = "0123456789abcdef".repeat(32);

  @TempDir Path folder;

  static Stream<Shape> shapes() {
    List<Shape> shapes = new ArrayList<>();
    for (String algorithm : List.of("sha256", "sha512")) {
      for (String salt : List.of("", SALT_32, SALT_256)) {
        shapes.add(new Shape(algorithm, salt, 4096, 4096, 129));
        shapes.add(new Shape(algorithm, salt, 512, 512, 700));
      }
      for (int blocks : List.of(1, 2, 8, 9, 16, 17, 64, 65, 257, 4097)) {
        shapes.add(new Shape(algorithm, SALT_32, 1024, 512, blocks));
      }
      shapes.add(new Shape(algorithm, SALT_32, 512, 4096, 1000));
      shapes.add(new Shape(algorithm, SALT_32, 4096, 1024, 300));
    }
    return shapes.stream();
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void aTreeIsReadAsItWasMadeBitByBit(Shape shape) throws Exception {
    var made = VeritySetup.format(folder, shape);
    byte[] disk = Files.readAllBytes(made.disk());
    byte[] salt = HexFormat.of().parseHex(shape.salt());
    String javaName = shape.algorithm().replace("sha", "SHA-");
    try (var file = made.open()) {

      var tree = HashTree.read(made.tree(file), shape.dataBytes());
      var trusted = tree.verify(made.root(), Watch.unwatched());
      Integrity integrity = tree.compare(made.data(file), made.root(), Watch.unwatched());

      assertEquals(made.treeBytes(), tree.sizeBytes());
      assertEquals(made.root(), tree.storedRoot(made.data(file)));
      assertTrue(integrity.sound(), integrity::toString);
      assertEquals(shape.blocks(), integrity.data().blocks());
      assertEquals(
          made.treeBytes() / shape.hashBlockBytes() - 1, integrity.tree().blocks(), "tree blocks");
      for (int block = 0; block < shape.blocks(); block++) {
        var digest = MessageDigest.getInstance(javaName);
        digest.update(salt);
        digest.update(disk, made.dataAt() + block * shape.dataBlockBytes(), shape.dataBlockBytes());
        assertEquals(
            ByteBuffer.wrap(digest.digest()),
            trusted.digests(block, 1),
            "digest of block " + block);
      }
    }
  }

  @Test
  void digestsOfManyBlocksAreReadAtOnce() throws Exception {
    var made = VeritySetup.format(folder, Shape.usual(300));
    try (var file = made.open()) {
      var tree =
          HashTree.read(made.tree(file), made.shape().dataBytes())
              .verify(made.root(), Watch.unwatched());

      ByteBuffer all = tree.digests(0, 300);

      assertEquals(300 * 32, all.remaining());
      assertEquals(all.slice(129 * 32, 32), tree.digests(129, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> tree.digests(300, 1));
    }
  }

  @Test
  void aDataBlockWithOneWrongBitIsFoundAndNoOther() throws Exception {
    var made = VeritySetup.format(folder, Shape.usual(300));
    made.flip(made.dataAt() + 17 * 4096 + 5);

    Integrity integrity = made.compare();

    assertEquals(new BlockRanges(1, List.of(new Range(17, 17))), integrity.data().bad());
    assertEquals(0, integrity.data().cutOff());
    assertTrue(integrity.tree().sound());
  }

  @Test
  void aLeafWithOneWrongBitIsBadAndCutsOffTheDataBelowIt() throws Exception {
    var made = VeritySetup.format(folder, Shape.usual(300));
    made.flip(made.treeAt() + 3 * 4096 + 8); // superblock, root, leaf 0, leaf 1

    Integrity integrity = made.compare();

    assertEquals(new BlockRanges(1, List.of(new Range(3, 3))), integrity.tree().bad());
    assertEquals(0, integrity.tree().cutOff());
    assertEquals(BlockRanges.NONE, integrity.data().bad());
    assertEquals(128, integrity.data().cutOff());
  }

  @Test
  void aTopWithOneWrongBitCutsOffEverything() throws Exception {
    var made = VeritySetup.format(folder, Shape.usual(300));
    made.flip(made.treeAt() + 4096 + 8);

    Integrity integrity = made.compare();

    assertEquals(new BlockRanges(1, List.of(new Range(1, 1))), integrity.tree().bad());
    assertEquals(3, integrity.tree().cutOff());
    assertEquals(300, integrity.data().cutOff());
    assertEquals(BlockRanges.NONE, integrity.data().bad());
  }

  @Test
  void oneWrongBitAnywhereInTheTreeIsFoundBeforeADigestIsTrusted() throws Exception {
    var made = VeritySetup.format(folder, new Shape("sha256", "", 512, 512, 70));
    byte[] sound = Files.readAllBytes(made.disk());
    for (int at = made.treeAt() + 512; at < made.treeAt() + made.treeBytes(); at += 7) {
      made.flip(at);

      assertFalse(made.compare().sound(), "byte " + at);
      try (var file = made.open()) {
        var tree = HashTree.read(made.tree(file), made.shape().dataBytes());
        var refused =
            assertThrows(
                MalformedVerityException.class, () -> tree.verify(made.root(), Watch.unwatched()));
        assertTrue(refused.clause().startsWith("does not lead to root hash"), refused.clause());
      }
      Files.write(made.disk(), sound);
    }
    assertTrue(made.compare().sound());
  }

  @Test
  void oneWrongBitAnywhereInTheSuperblockIsFoundExceptInItsUuid() throws Exception {
    var made = VeritySetup.format(folder, new Shape("sha256", SALT_32, 512, 512, 20));
    byte[] disk = Files.readAllBytes(made.disk());
    for (int at = 0; at < VeritySuperblock.BYTES; at++) {
      for (int bit = 0; bit < 8; bit++) {
        byte[] damaged = disk.clone();
        damaged[made.treeAt() + at] ^= (byte) (1 << bit);
        Files.write(made.disk(), damaged);

        boolean found;
        try {
          found = !made.compare().sound();
        } catch (MalformedVerityException _) {
          found = true;
        }

        assertEquals(at < 16 || at >= 32, found, "bit " + bit + " of byte " + at);
      }
    }
  }

  @Test
  void anotherRootHashVouchesForNothing() throws Exception {
    var made = VeritySetup.format(folder, Shape.usual(300));
    try (var file = made.open()) {
      var tree = HashTree.read(made.tree(file), made.shape().dataBytes());
      for (var other : List.of(new RootHash("ab".repeat(32)), new RootHash("ab".repeat(64)))) {

        Integrity integrity = tree.compare(made.data(file), other, Watch.unwatched());

        assertEquals(1, integrity.tree().bad().count());
        assertEquals(300, integrity.data().cutOff());
        assertThrows(MalformedVerityException.class, () -> tree.verify(other, Watch.unwatched()));
      }
    }
  }

  @Test
  void theOnlyBlockOfATreeWithoutLevelsIsComparedWithTheRootHash() throws Exception {
    var made = VeritySetup.format(folder, Shape.usual(1));
    assertTrue(made.compare().sound());
    made.flip(made.dataAt() + 4095);

    Integrity integrity = made.compare();

    assertEquals(1, integrity.data().bad().count());
    assertEquals(new Integrity.Compared(0, 4096, BlockRanges.NONE, 0), integrity.tree());
  }

  @Test
  void aTreeThatDoesNotFitItsPartitionOrItsDataIsRefused() throws Exception {
    var made = VeritySetup.format(folder, Shape.usual(300));
    try (var file = made.open()) {
      var shorter = new Extent(file, made.treeAt(), made.treeBytes() - 1);
      var treeRefused =
          assertThrows(
              MalformedVerityException.class,
              () -> HashTree.read(shorter, made.shape().dataBytes()));
      var dataRefused =
          assertThrows(
              MalformedVerityException.class,
              () -> HashTree.read(made.tree(file), made.shape().dataBytes() - 1));
      HashTree.read(made.tree(file), made.shape().dataBytes());

      assertTrue(treeRefused.clause().contains("tree of 4 blocks"), treeRefused.clause());
      assertTrue(dataRefused.clause().contains("300 data blocks"), dataRefused.clause());
    }
  }

  // ---- A disk that fails ----

  /** Cannot read some ranges. */
  private static final class FailingFile extends DelegatingFile {
    private final List<Range> ranges;

    FailingFile(OpenFile delegate, Range... ranges) {
      super(delegate);
      this.ranges = List.of(ranges);
    }

    @Override
    public int read(ByteBuffer direct, long offset) throws IOException {
      for (Range range : ranges) {
        if (offset <= range.to() && offset + direct.remaining() > range.from()) {
          throw new IOException("medium error");
        }
      }
      return super.read(direct, offset);
    }
  }

  private Integrity compareFailing(VeritySetup made, Range... ranges) throws Exception {
    try (var file = new FailingFile(made.open(), ranges)) {
      return HashTree.read(made.tree(file), made.shape().dataBytes())
          .compare(made.data(file), made.root(), Watch.unwatched());
    }
  }

  @Test
  void blocksThatTheDiskCannotReadAreBadAndTheOthersAreCompared() throws Exception {
    var made = VeritySetup.format(folder, new Shape("sha256", "", 4096, 4096, 600));
    long page = (made.dataAt() + 40L * 4096) / 4096 * 4096;

    Integrity integrity = compareFailing(made, new Range(page, page));

    // Reads are of whole pages, and the page is shared by two blocks of this partition.
    assertEquals(List.of(new Range(39, 40)), integrity.data().bad().first());
    assertTrue(integrity.tree().sound());
    assertEquals(0, integrity.data().cutOff());
  }

  @Test
  void aLeafThatTheDiskCannotReadCutsOffOnlyWhatIsBelowIt() throws Exception {
    var made = VeritySetup.format(folder, new Shape("sha256", "", 4096, 8192, 600));
    long leaf = made.treeAt() + 3L * 8192 + 2000;

    Integrity integrity = compareFailing(made, new Range(leaf, leaf));

    assertEquals(List.of(new Range(3, 3)), integrity.tree().bad().first());
    assertEquals(256, integrity.data().cutOff());
    assertEquals(BlockRanges.NONE, integrity.data().bad());
  }

  @Test
  void aDiskThatFailsAltogetherEndsTheComparison() throws Exception {
    var made = VeritySetup.format(folder, Shape.usual(BlockDigests.UNREADABLE_MAX + 10));

    var failed =
        assertThrows(
            IOException.class,
            () -> compareFailing(made, new Range(made.dataAt(), Long.MAX_VALUE - 1)));

    assertEquals("medium error", failed.getMessage());
  }

  @Test
  void aDiskThatEndsBeforeThePartitionDoesFails() throws Exception {
    var made = VeritySetup.format(folder, Shape.usual(BlockDigests.UNREADABLE_MAX + 10));
    try (var channel =
        java.nio.channels.FileChannel.open(made.disk(), java.nio.file.StandardOpenOption.WRITE)) {
      channel.truncate(made.dataAt());
    }

    assertThrows(EOFException.class, made::compare);
  }

  // ---- Watching ----

  private static final class Counting implements Watch {
    private long last;
    private boolean stop;

    @Override
    public void digested(long bytes) {
      assertTrue(bytes >= last, last + " then " + bytes);
      last = bytes;
    }

    @Override
    public boolean stopped() {
      return stop;
    }
  }

  @Test
  void everyByteIsCountedOnce() throws Exception {
    var made = VeritySetup.format(folder, Shape.usual(2000));
    try (var file = made.open()) {
      var tree = HashTree.read(made.tree(file), made.shape().dataBytes());
      var watch = new Counting();

      tree.compare(made.data(file), made.root(), watch);

      assertEquals(tree.comparedBytes(), watch.last);
      assertEquals(made.treeBytes() - 4096 + made.shape().dataBytes(), watch.last);
    }
  }

  @Test
  void whoeverWatchesCanEndIt() throws Exception {
    var made = VeritySetup.format(folder, Shape.usual(300));
    try (var file = made.open()) {
      var tree = HashTree.read(made.tree(file), made.shape().dataBytes());
      var watch = new Counting();
      watch.stop = true;

      assertThrows(
          InterruptedIOException.class, () -> tree.compare(made.data(file), made.root(), watch));
    }
  }

  @Test
  void anInterruptEndsItAndIsKept() throws Exception {
    var made = VeritySetup.format(folder, Shape.usual(300));
    try (var file = made.open()) {
      var tree = HashTree.read(made.tree(file), made.shape().dataBytes());
      Thread.currentThread().interrupt();

      assertThrows(
          InterruptedIOException.class,
          () -> tree.compare(made.data(file), made.root(), Watch.unwatched()));

      assertTrue(Thread.interrupted());
    }
  }
}
