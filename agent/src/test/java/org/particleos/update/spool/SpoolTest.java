package org.particleos.update.spool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.pattern.Sha256;

class SpoolTest {
  private static final int CHUNK = SpoolEntry.CHUNK_BYTES;
  private static final Sha256 ONE = new Sha256("1".repeat(64));
  private static final Sha256 TWO = new Sha256("2".repeat(64));
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
  private static final Facts FACTS =
      new Facts(
          "http://example.org/ä b",
          Optional.of("W/\"é\""),
          Optional.of(NOW),
          OptionalLong.of(99L * CHUNK));

  /** More than anything here makes; ends a sweep that would not. */
  private static final int CHANGES_MAX = 1000;

  @TempDir Path home;

  private Path directory() {
    return home.resolve("a/b/spool");
  }

  private SpoolPolicy policy() {
    return new SpoolPolicy(true, directory(), 100L * CHUNK, 0);
  }

  private static Spool spool(Kernel kernel, SpoolPolicy policy, String installation) {
    return new Spool(kernel, policy, installation, false, () -> NOW);
  }

  private Spool spool(String installation) {
    return spool(new LinuxKernel(), policy(), installation);
  }

  private static ByteBuffer chunk(int number) {
    byte[] bytes = new byte[CHUNK];
    new Random(number).nextBytes(bytes);
    return ByteBuffer.allocateDirect(CHUNK).put(bytes).flip();
  }

  private static void nothing() {}

  /** Keeps some chunks of a payload. */
  private static void keep(Spool spool, Sha256 payload, int chunks) {
    try (var entry = spool.begin(payload, Kind.SPOOLED, FACTS).orElseThrow()) {
      entry.keepOn(SpoolTest::nothing);
      for (int number = 0; number < chunks; number++) {
        entry.add(chunk(number));
      }
    }
  }

  private static int chunksLeft(Spool spool, Sha256 payload) {
    var left = spool.leftOf(payload);
    if (left.isEmpty()) {
      return 0;
    }
    try (var entry = left.get()) {
      int chunks = 0;
      while (entry.read(ByteBuffer.allocateDirect(CHUNK))) {
        chunks++;
      }
      return chunks;
    }
  }

  private static String onlyRemark(Spool spool) {
    var remarks = spool.takeRemarks();
    assertEquals(1, remarks.size(), remarks::toString);
    assertEquals(List.of(), spool.takeRemarks());
    return remarks.getFirst().text();
  }

  @Test
  void whatWasKeptComesBackWithWhatTheServerSaid() {
    try (var spool = spool("x")) {
      keep(spool, ONE, 3);

      try (var left = spool.leftOf(ONE).orElseThrow()) {
        assertEquals(FACTS, left.facts());
        assertEquals(Kind.SPOOLED, left.kind());
        var bytes = ByteBuffer.allocateDirect(CHUNK);
        for (int number = 0; number < 3; number++) {
          assertTrue(left.read(bytes.clear()));
          assertEquals(chunk(number), bytes);
        }
        assertFalse(left.read(bytes.clear()));
      }
      assertEquals(List.of(), spool.takeRemarks());
    }
  }

  @Test
  void bytesThatArriveInOddPiecesAreTheSame() {
    try (var spool = spool("x")) {
      try (var entry = spool.begin(ONE, Kind.SPOOLED, FACTS).orElseThrow()) {
        entry.keepOn(SpoolTest::nothing);
        var all = ByteBuffer.allocateDirect(3 * CHUNK);
        all.put(chunk(0)).put(chunk(1)).put(chunk(2)).flip();
        int position = 0;
        while (position < 3 * CHUNK) {
          int length = Math.min(700_001, 3 * CHUNK - position);
          entry.add(all.slice(position, length));
          position += length;
        }
      }

      assertEquals(3, chunksLeft(spool, ONE));
    }
  }

  @Test
  void onlyTheOwnerMayLook() throws IOException {
    try (var spool = spool("x")) {
      keep(spool, ONE, 1);

      for (Path folder : List.of(directory(), spool.folder())) {
        assertEquals(
            "rwx------",
            PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)),
            folder.toString());
      }
    }
  }

  @Test
  void nothingIsMadeBeforeSomethingIsKept() {
    try (var spool = spool("x")) {
      assertTrue(spool.leftOf(ONE).isEmpty());
      spool.retain(Set.of());
      spool.forget(ONE);

      assertEquals(List.of(), spool.takeRemarks());
      assertFalse(Files.exists(home.resolve("a")));
    }
  }

  // ---- Cleaning up ----

  @Test
  void otherPayloadsOfTheInstallationAreThrownAwayAndThoseOfOthersStay() throws IOException {
    try (var spool = spool("x");
        var neighbour = spool("y")) {
      keep(neighbour, ONE, 1);
      keep(spool, ONE, 1);
      keep(spool, TWO, 1);
      Path garbage = Files.writeString(spool.folder().resolve("garbage"), "of an older program");

      spool.retain(Set.of(TWO));

      assertEquals(0, chunksLeft(spool, ONE));
      assertEquals(1, chunksLeft(spool, TWO));
      assertEquals(1, chunksLeft(neighbour, ONE));
      assertFalse(Files.exists(garbage));
    }
  }

  private static void age(Spool spool, Duration age) throws IOException {
    try (Stream<Path> files = Files.list(spool.folder())) {
      for (Path file : files.toList()) {
        Files.setLastModifiedTime(file, FileTime.from(NOW.minus(age)));
      }
    }
  }

  @Test
  void whatAnInstallationLeftThatNeverCameBackGoesAfterAMonth() throws IOException {
    for (var age : List.of(Duration.ofDays(29), Duration.ofDays(31))) {
      var gone = spool("gone");
      keep(gone, ONE, 1);
      gone.close();
      age(gone, age);

      try (var spool = spool("x")) {
        spool.retain(Set.of());
      }

      assertEquals(age.toDays() < 30, Files.exists(gone.folder()), age::toString);
    }
  }

  @Test
  void whatIsLockedIsNotAbandoned() throws IOException {
    try (var busy = spool("busy");
        var spool = spool("x")) {
      keep(busy, ONE, 1);
      age(busy, Duration.ofDays(99));

      spool.retain(Set.of());

      assertTrue(Files.exists(busy.folder()));
    }
  }

  @Test
  void foldersOfOthersAreLeftAlone() throws IOException {
    Path other = Files.createDirectories(directory().resolve("lost+found"));
    try (var spool = spool("x")) {
      spool.retain(Set.of());

      assertTrue(Files.exists(other));
    }
  }

  // ---- One at a time ----

  @Test
  void twoProcessesDoNotKeepTheSameInstallation() {
    try (var first = spool("x");
        var second = spool("x")) {
      keep(first, ONE, 1);

      assertTrue(second.begin(TWO, Kind.SPOOLED, FACTS).isEmpty());

      assertTrue(onlyRemark(second).contains("another process is using it"));
      assertEquals(1, chunksLeft(first, ONE));
    }
    try (var third = spool("x")) {
      assertEquals(1, chunksLeft(third, ONE), "the lock ended with the first one");
    }
  }

  @Test
  void aPayloadIsNotKeptTwiceAtATime() {
    try (var spool = spool("x");
        var entry = spool.begin(ONE, Kind.SPOOLED, FACTS).orElseThrow()) {
      assertEquals(Kind.SPOOLED, entry.kind());
      assertTrue(spool.begin(ONE, Kind.SPOOLED, FACTS).isEmpty());
      assertTrue(spool.leftOf(ONE).isEmpty());
      assertEquals(List.of(), spool.takeRemarks());
    }
  }

  // ---- Limits ----

  @Test
  void itNeverGrowsBeyondItsLimitAndSaysSoOnce() throws IOException {
    var small = new SpoolPolicy(true, directory(), 5L * CHUNK, 0);
    try (var other = spool(new LinuxKernel(), small, "y");
        var spool = spool(new LinuxKernel(), small, "x")) {
      keep(other, ONE, 2);

      keep(spool, ONE, 9);

      assertEquals(3, chunksLeft(spool, ONE), "what others keep counts, too");
      assertEquals(3L * CHUNK, Files.size(spool.folder().resolve(ONE.hex() + ".packed")));
      assertTrue(onlyRemark(spool).contains("it may hold 5 MiB and is full"));
      keep(spool, TWO, 1);
      assertEquals(List.of(), spool.takeRemarks(), "nothing is said twice");
    }
  }

  @Test
  void transfersSideBySideShareTheLimit() {
    var small = new SpoolPolicy(true, directory(), 5L * CHUNK, 0);
    try (var spool = spool(new LinuxKernel(), small, "x")) {
      try (var one = spool.begin(ONE, Kind.SPOOLED, FACTS).orElseThrow();
          var two = spool.begin(TWO, Kind.SPOOLED, FACTS).orElseThrow()) {
        one.keepOn(SpoolTest::nothing);
        two.keepOn(SpoolTest::nothing);
        for (int number = 0; number < 4; number++) {
          one.add(chunk(number));
          two.add(chunk(number));
        }
      }

      assertEquals(5, chunksLeft(spool, ONE) + chunksLeft(spool, TWO));
    }
  }

  /** A file system with so much room, whatever is written. */
  private static Kernel withRoom(long availableBytes) {
    return new DelegatingKernel(new LinuxKernel()) {
      @Override
      public SpaceStatus space(Path path) throws IOException {
        var space = super.space(path);
        return new SpaceStatus(
            space.magic(), space.totalBytes(), availableBytes, space.blockBytes(), false);
      }
    };
  }

  @Test
  void roomIsLeftToOthersAndToTheTargets() {
    var careful = new SpoolPolicy(true, directory(), 100L * CHUNK, 6L * CHUNK);
    try (var spool = spool(withRoom(10L * CHUNK), careful, "x")) {
      spool.reserve(3L * CHUNK);
      keep(spool, ONE, 1);
      assertEquals(List.of(), spool.takeRemarks());

      spool.reserve(4L * CHUNK);
      keep(spool, TWO, 1);

      assertEquals(0, chunksLeft(spool, TWO));
      assertTrue(onlyRemark(spool).contains("10 MiB free, and 10 MiB are left to others"));
    }
  }

  @Test
  void whereNothingCanBeWrittenItIsSaidOnceAndNothingFails() {
    var kernel =
        new FailingKernel(
            new LinuxKernel(),
            0,
            () ->
                new LinuxException(
                    Errno.EROFS.number(), "mkdir", "the spool", "Read-only file system"));
    try (var spool = spool(kernel, policy(), "x")) {
      assertTrue(spool.begin(ONE, Kind.IN_TARGET, FACTS).isEmpty());
      assertTrue(spool.begin(TWO, Kind.IN_TARGET, FACTS).isEmpty());

      var remarks = spool.takeRemarks();
      assertEquals(1, remarks.size());
      assertTrue(remarks.getFirst().failure());
      assertTrue(remarks.getFirst().text().contains("Read-only file system"));
    }
  }

  @Test
  void switchedOffNothingIsTouched() {
    try (var spool = spool(new LinuxKernel(), SpoolPolicy.off(), "x")) {
      assertTrue(spool.begin(ONE, Kind.SPOOLED, FACTS).isEmpty());
      assertTrue(spool.leftOf(ONE).isEmpty());

      assertEquals(
          "an interrupted download begins anew: the spool is switched off", onlyRemark(spool));
    }
  }

  @Test
  void everyChangeMayFailWithoutFailingMore() {
    for (int change = 0; change < CHANGES_MAX; change++) {
      var kernel = new FailingKernel(new LinuxKernel(), change, () -> new IOException("failed"));
      try (var spool = spool(kernel, policy(), "x" + change)) {
        var begun = spool.begin(ONE, Kind.SPOOLED, FACTS);
        if (begun.isPresent()) {
          try (var entry = begun.get()) {
            entry.keepOn(SpoolTest::nothing);
            entry.add(chunk(0));
            entry.add(chunk(1));
          }
        }
        if (kernel.operations().size() <= change) {
          assertTrue(change > 8, "only " + change + " changes");
          return;
        }
        assertFalse(spool.takeRemarks().isEmpty(), "nothing was said of change " + change);
      }
      try (var spool = spool("x" + change)) {
        assertTrue(chunksLeft(spool, ONE) <= 1, "change " + change);
      }
    }
    throw new AssertionError("keeping never succeeded");
  }

  // ---- The journal ----

  @Test
  void aJournalSaysNoMoreThanWhatIsInItWhereverItIsCutOrChanged() {
    byte[] head = Journal.head(ONE, Kind.IN_TARGET, FACTS);
    byte[] line = Journal.line(0x1234abcd);
    byte[] all = Arrays.copyOf(head, head.length + line.length);
    System.arraycopy(line, 0, all, head.length, line.length);
    assertEquals(1, Journal.parse(all, ONE).orElseThrow().sums().limit());
    assertEquals(Optional.empty(), Journal.parse(all, TWO));

    for (int position = 0; position < all.length; position++) {
      var shorter = Journal.parse(Arrays.copyOf(all, position), ONE);
      assertEquals(position >= head.length, shorter.isPresent(), "cut at " + position);
      byte[] changed = all.clone();
      changed[position] ^= 0x20;
      // An upper-case digit is the same digit.
      boolean same = new String(changed, position, 1, StandardCharsets.US_ASCII).matches("[A-F]");
      if (position < head.length && !same) {
        assertEquals(Optional.empty(), Journal.parse(changed, ONE), "changed at " + position);
      }
    }
  }

  @Test
  void whatWouldBreakALineOfTheJournalIsLeftOut() {
    var odd =
        new Facts(
            "http://example.org/\nlength 7",
            Optional.of("\"a\r\nb\""),
            Optional.empty(),
            OptionalLong.empty());

    var parsed = Journal.parse(Journal.head(ONE, Kind.SPOOLED, odd), ONE).orElseThrow();

    assertEquals(
        new Facts("", Optional.empty(), Optional.empty(), OptionalLong.empty()), parsed.facts());
  }
}
