package org.particleos.update.acquire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.codec.Compression;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.HttpFetcher;
import org.particleos.update.fetch.HttpLimits;
import org.particleos.update.fetch.Payload;
import org.particleos.update.fetch.RetryLimits;
import org.particleos.update.fetch.Unpacking;
import org.particleos.update.linux.DelegatingFile;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.FakeKernel;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.InodeFlag;
import org.particleos.update.linux.Kernel.SpaceStatus;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.linux.MountedImage;
import org.particleos.update.linux.OpenFile;

/** What a new file takes over from where it came (update-algorithm.md 11.4). */
class FileSinkOriginTest {
  private static final Instant TIME = Instant.parse("2025-06-01T12:00:00.123456789Z");

  private final FakeKernel kernel = new FakeKernel();
  private final HttpFetcher http =
      new HttpFetcher("test", HttpLimits.defaults(), RetryLimits.once(), Map.of());
  @TempDir private Path folder;
  private Path source;
  private Path partial;
  private byte[] content;

  @BeforeEach
  void aSource() throws IOException {
    content = Bytes.noise(4, 300_000);
    source = Files.write(folder.resolve("source"), content);
    kernel.setAttribute(source, "user.note", new byte[] {1, 2});
    kernel.setAttribute(source, "security.selinux", new byte[] {3});
    kernel.changeTimes(source, 1_748_779_200_123_456_789L);
    partial = folder.resolve("partial");
  }

  private Acquired acquire(Kernel with, Path file) throws UpdateException {
    return new Acquisition(http, true)
        .run(
            new Payload.LocalFile(file),
            Optional.empty(),
            new FileSink(with, partial),
            Progress.unwatched(),
            new Cancellation());
  }

  private static void write(Sink sink, byte[] bytes) throws UpdateException {
    sink.write(ByteBuffer.allocateDirect(bytes.length).put(bytes).flip());
  }

  /** Clones by copying, which looks the same to whoever reads the file. */
  private static final class CloningKernel extends DelegatingKernel {
    int clones;

    CloningKernel(Kernel delegate) {
      super(delegate);
    }

    @Override
    public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
      return new DelegatingFile(super.open(path, flags)) {
        @Override
        public boolean cloneFrom(OpenFile source) throws IOException {
          var bytes = ByteBuffer.allocateDirect((int) source.sizeBytes());
          source.read(bytes, 0);
          write(bytes.flip(), 0);
          clones++;
          return true;
        }
      };
    }
  }

  @Test
  void aLocalFileGivesItsTimeAndItsUserAttributes() throws Exception {
    acquire(kernel, source);

    assertArrayEquals(content, Files.readAllBytes(partial));
    assertEquals(List.of("user.note"), kernel.attributeNames(partial));
    assertEquals(TIME, Files.getLastModifiedTime(partial).toInstant());
  }

  @Test
  void aLocalFileThroughALinkGivesWhatTheFileHas() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("link"), source);

    acquire(new CloningKernel(kernel), link);

    assertEquals(List.of("user.note"), kernel.attributeNames(partial));
    assertEquals(FileTime.from(TIME), Files.getLastModifiedTime(partial));
  }

  @Test
  void whereBlocksCanBeSharedALocalFileIsNotRead() throws Exception {
    var cloning = new CloningKernel(kernel);

    var acquired = acquire(cloning, source);

    assertEquals(1, cloning.clones);
    assertEquals(Optional.empty(), acquired.digest());
    assertEquals(content.length, acquired.bytesWritten());
    assertEquals(Optional.of(TIME), acquired.lastModified());
    assertArrayEquals(content, Files.readAllBytes(partial));
    assertEquals(List.of("user.note"), kernel.attributeNames(partial));
  }

  @Test
  void aPackedFileIsSharedOnlyIfItStaysPacked() throws Exception {
    Files.write(source, Bytes.pack(Compression.GZIP, content));
    var cloning = new CloningKernel(kernel);

    acquire(cloning, source);
    assertEquals(0, cloning.clones);
    assertArrayEquals(content, Files.readAllBytes(partial));

    new Acquisition(http, true)
        .run(
            new Payload.LocalFile(source),
            Optional.empty(),
            Unpacking.AS_IS,
            new FileSink(cloning, partial),
            Progress.unwatched(),
            new Cancellation());
    assertEquals(1, cloning.clones);
    assertArrayEquals(Files.readAllBytes(source), Files.readAllBytes(partial));
  }

  @Test
  void aDigestThatIsExpectedIsComputed() throws Exception {
    var cloning = new CloningKernel(kernel);

    assertThrows(
        UpdateException.NotTrusted.class,
        () ->
            new Acquisition(http, true)
                .run(
                    new Payload.LocalFile(source),
                    Optional.of(Bytes.sha256(new byte[0])),
                    new FileSink(cloning, partial),
                    Progress.unwatched(),
                    new Cancellation()));

    assertEquals(0, cloning.clones);
  }

  @Test
  void aFileThatCannotBeSharedBecauseItIsMissingIsSaidToBeMissing() {
    var failure =
        assertThrows(
            UpdateException.Unreachable.class,
            () -> acquire(new CloningKernel(kernel), folder.resolve("missing")));

    assertEquals(Reason.SOURCE_MISSING, failure.reason());
  }

  @ParameterizedTest
  @CsvSource({
    "https://user:secret@example.org:8443/a%20b/c?token=x#y, https://example.org:8443/a%20b/c",
    "http://example.org/c, http://example.org/c",
    "file:/srv/c, file:/srv/c"
  })
  void aDownloadNotesItsAddressWithoutSecrets(URI from, String noted) throws Exception {
    try (var sink = new FileSink(kernel, partial)) {
      write(sink, content);
      sink.cameFrom(new Origin(new Payload.Url(from), Optional.of(TIME), Optional.of("\"tag\"")));
      sink.finish(true);
    }

    assertEquals(Optional.of(noted), note("user.source_url"));
    assertEquals(Optional.of("\"tag\""), note("user.source_etag"));
    assertEquals(TIME, Files.getLastModifiedTime(partial).toInstant());
  }

  private Optional<String> note(String name) throws IOException {
    return kernel.attribute(partial, name).map(value -> new String(value, StandardCharsets.UTF_8));
  }

  @Test
  void whatIsTooLongIsNotNoted() throws Exception {
    try (var sink = new FileSink(kernel, partial)) {
      write(sink, content);
      var address = URI.create("http://example.org/" + "x".repeat(1100));
      sink.cameFrom(
          new Origin(new Payload.Url(address), Optional.empty(), Optional.of("x".repeat(1025))));
      sink.finish(true);
    }

    assertEquals(List.of(), kernel.attributeNames(partial));
  }

  @Test
  void withoutExtendedAttributesAFileIsCompleteAllTheSame() throws Exception {
    kernel.withoutAttributesAndFlags().btrfs().magic(folder, SpaceStatus.BTRFS);

    acquire(kernel, source);

    assertArrayEquals(content, Files.readAllBytes(partial));
  }

  @Test
  void copyOnWriteIsSwitchedOffOnBtrfsOnlyAndNotForSharedBlocks() throws Exception {
    acquire(kernel, source);
    assertEquals(Set.of(), kernel.inodeFlags(partial));

    kernel.btrfs().magic(folder, SpaceStatus.BTRFS);
    acquire(new CloningKernel(kernel), source);
    assertEquals(Set.of(), kernel.inodeFlags(partial));

    Files.delete(partial);
    acquire(kernel, source);
    assertEquals(Set.of(InodeFlag.NO_COPY_ON_WRITE), kernel.inodeFlags(partial));
  }

  @Test
  void onARealBtrfsBlocksAreSharedAndDownloadsAreNotCopiedOnWrite(@TempDir Path images)
      throws Exception {
    var real = new LinuxKernel();
    try (var image = MountedImage.btrfs(images)) {
      Path local = Files.write(image.root().resolve("local"), content);
      partial = image.root().resolve("partial");
      var acquired = acquire(real, local);
      assertEquals(Optional.empty(), acquired.digest());
      assertArrayEquals(content, Files.readAllBytes(partial));

      Files.delete(partial);
      acquired = acquire(real, source);
      assertTrue(acquired.digest().isPresent());
      assertEquals(Set.of(InodeFlag.NO_COPY_ON_WRITE), real.inodeFlags(partial));
      assertArrayEquals(content, Files.readAllBytes(partial));
    }
  }

  @Test
  void zerosBeyondTheAnnouncedSizeAreRefused() throws Exception {
    int block = FileSink.HOLE_BYTES;
    try (var sink = new FileSink(kernel, partial, 2L * block)) {
      write(sink, new byte[block]);
      write(sink, new byte[block]);
      var refusal = assertThrows(UpdateException.NotTrusted.class, () -> write(sink, new byte[1]));
      assertEquals(Reason.PAYLOAD_TOO_LARGE, refusal.reason());
      sink.finish(true);
    }
    assertEquals(2L * block, Files.size(partial));
    assertFalse(Files.isSymbolicLink(partial));
  }
}
