package org.particleos.update.fetch;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.OpenFlag;

/**
 * Manifests with their signatures in a directory, one file for each address. A file that is
 * damaged, of another address or in another format is as good as none. Not made durable: what a
 * power cut tears is found damaged and fetched again.
 */
final class ManifestStore {
  /** Whoever changes the format changes the number. */
  private static final String FORMAT = "particle-update manifest 1";

  /** Manifest (4 MiB) and signature (1 MiB) with what belongs to them. */
  private static final long FILE_BYTES_MAX = 6 << 20;

  /** An installation has one source or a few; those that went are removed one by one. */
  static final int FILES_MAX = 64;

  private static final int DIGEST_BYTES = 32;
  private static final int DIRECTORY_MODE = 0700;
  private static final int PARENT_MODE = 0755;
  private static final String PARTIAL = ".partial";

  private final Kernel kernel;
  private final Path directory;

  /**
   * What is kept for one address. Absent parts of a state are written as empty text. No record:
   * arrays are not equal. They are not copied either, since nobody here changes them.
   */
  static final class Entry {
    private final SmallFile.State state;
    private final byte[] body;
    private final Optional<byte[]> signature;

    Entry(SmallFile.State state, byte[] body, Optional<byte[]> signature) {
      this.state = state;
      this.body = body;
      this.signature = signature;
    }

    SmallFile.State state() {
      return state;
    }

    byte[] body() {
      return body;
    }

    Optional<byte[]> signature() {
      return signature;
    }
  }

  ManifestStore(Kernel kernel, Path directory) {
    this.kernel = kernel;
    this.directory = directory;
  }

  /** Empty if there is none, or nothing that can be used. */
  Optional<Entry> read(URI address) throws IOException {
    Path path = path(address);
    var status = kernel.status(path);
    if (status.isEmpty()
        || status.get().kind() != FileKind.REGULAR
        || status.get().sizeBytes() > FILE_BYTES_MAX
        || status.get().sizeBytes() < DIGEST_BYTES) {
      return Optional.empty();
    }
    var bytes = ByteBuffer.allocateDirect((int) status.get().sizeBytes());
    try (var file = kernel.open(path, Set.of(OpenFlag.READ, OpenFlag.NO_FOLLOW))) {
      file.read(bytes, 0);
    }
    var content = new byte[bytes.flip().remaining()];
    bytes.get(content);
    return parse(address, content);
  }

  private static Optional<Entry> parse(URI address, byte[] content) {
    int end = Math.max(0, content.length - DIGEST_BYTES);
    byte[] data = Arrays.copyOf(content, end);
    if (!Arrays.equals(digest(data), Arrays.copyOfRange(content, end, content.length))) {
      return Optional.empty();
    }
    try (var in = new DataInputStream(new ByteArrayInputStream(data))) {
      if (!in.readUTF().equals(FORMAT) || !in.readUTF().equals(address.toString())) {
        return Optional.empty();
      }
      var answered = URI.create(in.readUTF());
      var etag = Optional.of(in.readUTF()).filter(tag -> !tag.isEmpty());
      var modified = Optional.of(in.readUTF()).filter(time -> !time.isEmpty()).map(Instant::parse);
      byte[] body = in.readNBytes(in.readInt());
      int signatureBytes = in.readInt();
      Optional<byte[]> signature =
          signatureBytes < 0 ? Optional.empty() : Optional.of(in.readNBytes(signatureBytes));
      return Optional.of(new Entry(new SmallFile.State(answered, etag, modified), body, signature));
    } catch (IOException | RuntimeException _) {
      // The digest is right, so this was written by somebody else: not ours to use.
      return Optional.empty();
    }
  }

  void write(URI address, Entry entry) throws IOException {
    makeDirectory(directory, DIRECTORY_MODE);
    Path path = path(address);
    if (kernel.status(path).isEmpty()) {
      makeRoom();
    }
    byte[] content = format(address, entry);
    var bytes = ByteBuffer.allocateDirect(content.length).put(content).flip();
    Path partial = path.resolveSibling(path.getFileName() + PARTIAL);
    var flags = Set.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.TRUNCATE, OpenFlag.NO_FOLLOW);
    try (var file = kernel.open(partial, flags)) {
      file.write(bytes, 0);
    }
    kernel.rename(partial, path);
  }

  private static byte[] format(URI address, Entry entry) {
    var bytes = new ByteArrayOutputStream();
    try (var out = new DataOutputStream(bytes)) {
      out.writeUTF(FORMAT);
      out.writeUTF(address.toString());
      out.writeUTF(entry.state.address().toString());
      out.writeUTF(entry.state.etag().orElse(""));
      out.writeUTF(entry.state.lastModified().map(Instant::toString).orElse(""));
      out.writeInt(entry.body.length);
      out.write(entry.body);
      out.writeInt(entry.signature.map(signature -> signature.length).orElse(-1));
      out.write(entry.signature.orElse(new byte[0]));
    } catch (IOException e) {
      throw new UncheckedIOException("nothing but memory is written to", e);
    }
    bytes.writeBytes(digest(bytes.toByteArray()));
    return bytes.toByteArray();
  }

  private void makeDirectory(Path path, int mode) throws IOException {
    if (kernel.statusFollowing(path).isEmpty()) {
      var parent = path.getParent();
      if (parent != null) {
        makeDirectory(parent, PARENT_MODE);
      }
      kernel.makeDirectory(path, mode);
    }
  }

  /** Removes the oldest if there are too many. */
  private void makeRoom() throws IOException {
    var names = kernel.list(directory);
    if (names.size() < FILES_MAX) {
      return;
    }
    Path oldest = directory.resolve(names.getFirst());
    long oldestNanos = Long.MAX_VALUE;
    for (String name : names) {
      var status = kernel.status(directory.resolve(name));
      if (status.isPresent() && status.get().mtimeNanos() < oldestNanos) {
        oldest = directory.resolve(name);
        oldestNanos = status.get().mtimeNanos();
      }
    }
    kernel.remove(oldest);
  }

  void remove(URI address) throws IOException {
    if (kernel.status(path(address)).isPresent()) {
      kernel.remove(path(address));
    }
  }

  private Path path(URI address) {
    byte[] name = digest(address.toString().getBytes(StandardCharsets.UTF_8));
    return directory.resolve(HexFormat.of().formatHex(name));
  }

  private static byte[] digest(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
