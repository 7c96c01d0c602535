package org.particleos.update.history;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.linux.Chase;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.OpenFile;

/**
 * The file of earlier runs: JSON, one line for each, oldest first. A line is appended in one write
 * and made durable; when there are too many, the newer ones replace the file at once. What a power
 * cut or somebody's editor left of a line is passed over.
 *
 * <p>A lock of its own keeps two processes from writing at the same time: those that change
 * different targets do not exclude each other. Reading takes no lock.
 */
public final class History {
  /** A year of a machine that is updated twice a day. */
  static final int LINES_MAX = 1000;

  static final int BYTES_MAX = 1 << 20;

  /** What stays when there are too many, so that not every run writes all of it again. */
  private static final int LINES_KEPT = 750;

  private static final int BYTES_KEPT = BYTES_MAX / 4 * 3;

  /** Somebody holds the lock for the time of one fsync. */
  private static final long LOCK_MILLIS_MAX = 5_000;

  private static final String NAME = "history.jsonl";
  private static final String PARTIAL = NAME + ".partial";
  private static final String LOCK = "history.lock";
  private static final int DIRECTORY_MODE = 0755;

  /** Set up only where there is something to read or to write, since that takes its time. */
  private static final class Json {
    static final ObjectMapper MAPPER = new ObjectMapper();
  }

  private final Kernel kernel;
  private final Path root;
  private final Path inside;

  /**
   * The history of one system.
   *
   * @param root of the system, {@code /} for the running one
   * @param directory where this program keeps its state, absolute inside the root
   */
  public History(Kernel kernel, Path root, Path directory) {
    this.kernel = kernel;
    this.root = root;
    this.inside = Path.of("/").relativize(directory);
  }

  private Path directory() throws IOException {
    return Chase.below(kernel, root, inside, Chase.Links.FOLLOW);
  }

  /** Adds a run. */
  public void add(Entry entry) throws IOException {
    Path directory = directory();
    make(directory);
    try (OpenFile lock =
        kernel.open(
            directory.resolve(LOCK),
            EnumSet.of(OpenFlag.READ, OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.NO_FOLLOW))) {
      if (!lock.lock(OpenFile.LockMode.EXCLUSIVE, LOCK_MILLIS_MAX)) {
        throw new IOException("another process keeps " + Quote.quote(LOCK) + " locked");
      }
      append(directory, Json.MAPPER.writeValueAsBytes(entry.node()));
    }
  }

  private void append(Path directory, byte[] line) throws IOException {
    Path file = directory.resolve(NAME);
    byte[] before = read(file);
    int lines = 0;
    for (byte octet : before) {
      lines += octet == '\n' ? 1 : 0;
    }
    var added = new ByteArrayOutputStream();
    if (before.length > 0 && before[before.length - 1] != '\n') {
      added.write('\n'); // what was torn does not take this line with it
    }
    added.writeBytes(line);
    added.write('\n');
    if (lines < LINES_MAX && sizeBytes(file) + added.size() <= BYTES_MAX) {
      boolean fresh = kernel.status(file).isEmpty();
      try (OpenFile out =
          kernel.open(file, EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.NO_FOLLOW))) {
        out.write(buffer(added.toByteArray()), before.length);
        out.sync();
      }
      if (fresh) {
        kernel.syncDirectory(directory);
      }
      return;
    }
    byte[] kept = tail(before);
    Path partial = directory.resolve(PARTIAL);
    try (OpenFile out =
        kernel.open(
            partial,
            EnumSet.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.TRUNCATE, OpenFlag.NO_FOLLOW))) {
      out.write(buffer(kept), 0);
      out.write(buffer(added.toByteArray()), kept.length);
      out.sync();
    }
    kernel.rename(partial, file);
    kernel.syncDirectory(directory);
  }

  private long sizeBytes(Path file) throws IOException {
    return kernel.status(file).map(Kernel.FileStatus::sizeBytes).orElse(0L);
  }

  /** The newest whole lines, as many as stay. */
  private static byte[] tail(byte[] all) {
    int from = all.length;
    int lines = 0;
    for (int at = all.length - 1; at >= 0 && lines <= LINES_KEPT; at--) {
      if (all[at] == '\n') {
        if (all.length - at - 1 > BYTES_KEPT) {
          break;
        }
        from = at + 1;
        lines++;
      }
    }
    byte[] kept = new byte[all.length - from];
    System.arraycopy(all, from, kept, 0, kept.length);
    return kept;
  }

  private static ByteBuffer buffer(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  private void make(Path path) throws IOException {
    if (kernel.statusFollowing(path).isPresent()) {
      return;
    }
    Path parent = path.getParent();
    if (parent != null) {
      make(parent);
    }
    try {
      kernel.makeDirectory(path, DIRECTORY_MODE);
    } catch (LinuxException e) {
      if (!e.is(Errno.EEXIST)) { // somebody else made it meanwhile
        throw e;
      }
    }
    if (parent != null) {
      kernel.syncDirectory(parent);
    }
  }

  /** All of it; of a file that somebody made longer than it may be, the end. */
  private byte[] read(Path path) throws IOException {
    Optional<Kernel.FileStatus> status = kernel.status(path);
    if (status.isEmpty()) {
      return new byte[0];
    }
    if (status.get().kind() != FileKind.REGULAR) {
      throw new IOException(Quote.quote(path.toString()) + " is not a regular file");
    }
    try (OpenFile file = kernel.open(path, Set.of(OpenFlag.READ, OpenFlag.NO_FOLLOW))) {
      long size = file.sizeBytes();
      var buffer = ByteBuffer.allocateDirect((int) Math.min(size, BYTES_MAX));
      file.read(buffer, Math.max(0, size - BYTES_MAX));
      byte[] bytes = new byte[buffer.flip().remaining()];
      buffer.get(bytes);
      return bytes;
    }
  }

  /**
   * The newest runs, newest first, as {@link Entry#node} wrote them.
   *
   * @param most how many at most
   * @param target only those for these definitions, named as {@link Entry#target} does
   */
  public List<ObjectNode> newest(int most, Optional<String> target) throws IOException {
    String[] lines =
        new String(read(directory().resolve(NAME)), StandardCharsets.UTF_8).split("\n", -1);
    List<ObjectNode> entries = new ArrayList<>();
    for (int i = lines.length - 1; i >= 0 && entries.size() < most; i--) {
      parse(lines[i])
          .filter(entry -> target.isEmpty() || target.get().equals(entry.path("target").asText()))
          .ifPresent(entries::add);
    }
    return entries;
  }

  private static Optional<ObjectNode> parse(String line) {
    try {
      JsonNode node = Json.MAPPER.readTree(line);
      return node instanceof ObjectNode object && Entry.isOne(object)
          ? Optional.of(object)
          : Optional.empty();
    } catch (JsonProcessingException _) {
      return Optional.empty();
    }
  }
}
