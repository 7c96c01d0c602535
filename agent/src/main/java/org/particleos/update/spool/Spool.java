package org.particleos.update.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.FileStatus;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.pattern.Sha256;

/**
 * What interrupted transfers of one installation have left, and the place for what arrives now. One
 * folder for each installation, so that nobody throws away what another one needs; a lock on it
 * keeps two processes apart. In it two files for each payload, named by its digest: {@code
 * .journal} and, for what is packed, {@code .packed}.
 *
 * <p>Nothing here ever fails a run. Where there is no room, no permission or no working disk, the
 * run goes on without being able to be continued, and {@link #takeRemarks} says so once.
 *
 * <p>Nothing is touched before something is to be kept. May be used by several threads; a payload
 * that is being kept already is not kept twice.
 */
public final class Spool implements AutoCloseable {
  private static final int PRIVATE_MODE = 0700;
  private static final int PARENT_MODE = 0755;
  private static final String LOCK = "lock";
  private static final String JOURNAL = ".journal";
  private static final String PACKED = ".packed";
  private static final int DIGEST_DIGITS = 64;

  /** Enough to tell installations apart. */
  private static final int NAME_BYTES = 8;

  /** Chunks of the longest payload that is fetched at all, 64 GiB, and the head. */
  private static final int JOURNAL_BYTES_MAX =
      Journal.HEAD_BYTES_MAX + (64 << 10) * Journal.LINE_BYTES;

  /** Nobody continues a download after that time: its version was withdrawn or replaced. */
  private static final Duration ABANDONED = Duration.ofDays(30);

  private final Kernel kernel;
  private final SpoolPolicy policy;
  private final String installation;
  private final boolean sync;
  private final InstantSource clock;

  /** What is being kept, and how much of the room that takes. */
  private final Map<Sha256, Long> open = new HashMap<>();

  private final Set<Remark> told = new LinkedHashSet<>();
  private final List<Remark> remarks = new ArrayList<>();
  private @Nullable Path folder;
  private @Nullable OpenFile lock;
  private long reservedBytes;

  /**
   * Looks at nothing yet.
   *
   * @param installation what tells this installation from others on the same machine
   * @param sync whether anything is made durable before it is complete
   */
  public Spool(
      Kernel kernel, SpoolPolicy policy, String installation, boolean sync, InstantSource clock) {
    this.kernel = kernel;
    this.policy = policy;
    this.installation = installation;
    this.sync = sync;
    this.clock = clock;
  }

  private static String name(String installation) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(installation.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, NAME_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The folder of this installation; named only when it is needed, since many runs need none. */
  synchronized Path folder() {
    if (folder == null) {
      folder = policy.directory().resolve(name(installation));
    }
    return folder;
  }

  // ---- Payloads ----

  /** What an earlier run left of a payload; the caller closes it. */
  public synchronized Optional<SpoolEntry> leftOf(Sha256 payload) {
    try {
      if (!policy.enabled()
          || open.containsKey(payload)
          || kernel.status(journal(payload)).isEmpty()
          || !locked()) {
        return Optional.empty();
      }
      return leftover(payload);
    } catch (IOException e) {
      cannot(e);
      return Optional.empty();
    }
  }

  private Optional<SpoolEntry> leftover(Sha256 payload) throws IOException {
    OpenFile lines =
        kernel.open(
            journal(payload), EnumSet.of(OpenFlag.READ, OpenFlag.WRITE, OpenFlag.NO_FOLLOW));
    OpenFile data = null;
    try {
      var journal = Journal.parse(beginning(lines), payload);
      if (journal.isEmpty()) {
        lines.close();
        return Optional.empty();
      }
      if (journal.get().kind() == Kind.SPOOLED) {
        data =
            kernel.open(
                packed(payload),
                EnumSet.of(OpenFlag.READ, OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.NO_FOLLOW));
      }
      return Optional.of(entry(payload, journal.get(), lines, data));
    } catch (IOException | RuntimeException e) {
      closeAfter(e, lines);
      closeAfter(e, data);
      throw e;
    }
  }

  private static byte[] beginning(OpenFile file) throws IOException {
    int length = (int) Math.min(file.sizeBytes(), JOURNAL_BYTES_MAX);
    var buffer = ByteBuffer.allocateDirect(length);
    file.read(buffer, 0);
    byte[] bytes = new byte[buffer.flip().remaining()];
    buffer.get(bytes);
    return bytes;
  }

  /**
   * Begins to keep a payload from its first byte; what was left of it is forgotten. Empty if it
   * cannot be kept. The caller closes it.
   */
  public synchronized Optional<SpoolEntry> begin(Sha256 payload, Kind kind, Facts facts) {
    if (!policy.enabled()) {
      remark(false, "an interrupted download begins anew: the spool is switched off");
      return Optional.empty();
    }
    OpenFile lines = null;
    OpenFile data = null;
    try {
      if (open.containsKey(payload) || !locked()) {
        return Optional.empty();
      }
      forget(payload);
      var fresh =
          EnumSet.of(
              OpenFlag.READ,
              OpenFlag.WRITE,
              OpenFlag.CREATE,
              OpenFlag.TRUNCATE,
              OpenFlag.NO_FOLLOW);
      byte[] head = Journal.head(payload, kind, facts);
      lines = kernel.open(journal(payload), fresh);
      lines.write(ByteBuffer.allocateDirect(head.length).put(head).flip(), 0);
      if (kind == Kind.SPOOLED) {
        data = kernel.open(packed(payload), fresh);
      }
      if (sync) {
        kernel.syncDirectory(folder());
      }
      return Optional.of(
          entry(
              payload, new Journal(head.length, kind, facts, IntBuffer.allocate(0)), lines, data));
    } catch (IOException e) {
      closeAfter(e, lines);
      closeAfter(e, data);
      cannot(e);
      return Optional.empty();
    }
  }

  private SpoolEntry entry(Sha256 payload, Journal journal, OpenFile lines, @Nullable OpenFile data)
      throws IOException {
    long others = data == null ? 0 : idleBytes(payload);
    open.put(payload, 0L);
    return new SpoolEntry(new Room(payload, others), journal, lines, data, sync);
  }

  private static void closeAfter(Exception failure, @Nullable OpenFile file) {
    if (file != null) {
      try {
        file.close();
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
    }
  }

  /** What one payload is told by the store. */
  private final class Room implements SpoolEntry.Store {
    private final Sha256 payload;
    private final long otherBytes;

    Room(Sha256 payload, long otherBytes) {
      this.payload = payload;
      this.otherBytes = otherBytes;
    }

    @Override
    public Optional<String> refuses(long spooledBytes, int more) throws IOException {
      if (otherBytes + openBytes(payload, spooledBytes + more) > policy.sizeBytesMax()) {
        return Optional.of("it may hold " + mebibytes(policy.sizeBytesMax()) + " and is full");
      }
      long available = kernel.space(folder()).availableBytes();
      long leave = policy.keepFreeBytes() + reservedBytes();
      if (available - more < leave) {
        return Optional.of(
            "its file system has only "
                + mebibytes(available)
                + " free, and "
                + mebibytes(leave)
                + " are left to others");
      }
      return Optional.empty();
    }

    @Override
    public void gaveUp(boolean failure, String why) {
      without(failure, why);
    }

    @Override
    public void released() {
      synchronized (Spool.this) {
        open.remove(payload);
      }
    }
  }

  /** What this process keeps, with what one payload comes to. */
  private synchronized long openBytes(Sha256 payload, long bytes) {
    open.put(payload, bytes);
    return open.values().stream().mapToLong(Long::longValue).sum();
  }

  private static String mebibytes(long bytes) {
    return (bytes >> 20) + " MiB";
  }

  /** Room on the file system of the spool that the targets will need, and it must not take. */
  public synchronized void reserve(long bytes) {
    reservedBytes = bytes;
  }

  private synchronized long reservedBytes() {
    return reservedBytes;
  }

  /** Where its files are, for whoever wants to know which file system they take room of. */
  public Path directory() {
    return policy.directory();
  }

  // ---- Cleaning up ----

  /** Removes what is kept of a payload: it is in its place now, or was wrong. */
  public synchronized void forget(Sha256 payload) {
    try {
      remove(journal(payload));
      remove(packed(payload));
    } catch (IOException e) {
      remark(true, "removing a spooled download failed: " + e.getMessage());
    }
  }

  /**
   * Removes what this installation keeps of all but these payloads, and what installations have
   * left that came back to it for a month.
   */
  public synchronized void retain(Set<Sha256> payloads) {
    try {
      if (kernel.status(policy.directory()).isEmpty()) {
        return;
      }
      if (kernel.status(folder()).isPresent() && locked()) {
        for (String file : kernel.list(folder())) {
          if (!file.equals(LOCK) && !belongsTo(file, payloads)) {
            kernel.remove(folder().resolve(file));
          }
        }
      }
      for (String other : kernel.list(policy.directory())) {
        removeIfAbandoned(policy.directory().resolve(other));
      }
    } catch (IOException e) {
      remark(true, "removing spooled downloads failed: " + e.getMessage());
    }
  }

  private boolean belongsTo(String file, Set<Sha256> payloads) {
    return file.length() > DIGEST_DIGITS
        && Sha256.parse(file.substring(0, DIGEST_DIGITS))
            .filter(digest -> payloads.contains(digest) || open.containsKey(digest))
            .isPresent();
  }

  private void removeIfAbandoned(Path other) throws IOException {
    if (other.equals(folder()) || !directory(other)) {
      return;
    }
    Instant limit = clock.instant().minus(ABANDONED);
    List<String> files = kernel.list(other);
    for (String file : files) {
      Optional<FileStatus> status = kernel.status(other.resolve(file));
      if (status.isEmpty()
          || status.get().kind() != FileKind.REGULAR
          || status.get().mtimeMicros() / 1000 > limit.toEpochMilli()) {
        return;
      }
    }
    if (!files.contains(LOCK)) {
      return; // not ours, whatever it is
    }
    try (OpenFile its = kernel.open(other.resolve(LOCK), lockFlags())) {
      if (its.tryLock(OpenFile.LockMode.EXCLUSIVE)) {
        for (String file : files) {
          kernel.remove(other.resolve(file));
        }
        kernel.remove(other);
      }
    }
  }

  private void remove(Path file) throws IOException {
    if (kernel.status(file).isPresent()) {
      kernel.remove(file);
    }
  }

  // ---- The folder ----

  private Path journal(Sha256 payload) {
    return folder().resolve(payload.hex() + JOURNAL);
  }

  private Path packed(Sha256 payload) {
    return folder().resolve(payload.hex() + PACKED);
  }

  /** What all installations keep, but for what is being kept now. */
  private long idleBytes(Sha256 own) throws IOException {
    long bytes = 0;
    for (String installation : kernel.list(policy.directory())) {
      Path other = policy.directory().resolve(installation);
      if (directory(other)) {
        for (String file : kernel.list(other)) {
          Path path = other.resolve(file);
          if (file.endsWith(PACKED) && !path.equals(packed(own)) && !isOpen(path)) {
            bytes += kernel.status(path).map(FileStatus::sizeBytes).orElse(0L);
          }
        }
      }
    }
    return bytes;
  }

  private boolean isOpen(Path path) {
    return open.keySet().stream().map(this::packed).anyMatch(path::equals);
  }

  private boolean directory(Path path) throws IOException {
    return kernel.status(path).filter(s -> s.kind() == FileKind.DIRECTORY).isPresent();
  }

  private static Set<OpenFlag> lockFlags() {
    return EnumSet.of(OpenFlag.READ, OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.NO_FOLLOW);
  }

  /** Makes the folder and takes its lock; false, with a remark, if another process has it. */
  private boolean locked() throws IOException {
    if (lock != null) {
      return true;
    }
    makeDirectory(folder(), PRIVATE_MODE);
    OpenFile file = kernel.open(folder().resolve(LOCK), lockFlags());
    try {
      if (file.tryLock(OpenFile.LockMode.EXCLUSIVE)) {
        // Its time tells when the installation was here last.
        file.truncate(1);
        file.truncate(0);
        lock = file;
      } else {
        without(false, "another process is using it");
      }
    } finally {
      if (lock == null) {
        file.close();
      }
    }
    return lock != null;
  }

  private void makeDirectory(Path directory, int mode) throws IOException {
    if (kernel.statusFollowing(directory).isPresent()) {
      return;
    }
    Path parent = directory.getParent();
    if (parent != null) {
      makeDirectory(parent, directory.equals(folder()) ? PRIVATE_MODE : PARENT_MODE);
    }
    try {
      kernel.makeDirectory(directory, mode);
    } catch (LinuxException e) {
      if (!e.is(Errno.EEXIST)) { // somebody else made it meanwhile
        throw e;
      }
    }
    if (sync && parent != null) {
      kernel.syncDirectory(parent);
    }
  }

  // ---- Saying so ----

  private void cannot(IOException e) {
    without(true, String.valueOf(e.getMessage()));
  }

  private void without(boolean failure, String why) {
    remark(
        failure,
        "an interruption from here on costs what was downloaded: the spool "
            + Quote.quote(policy.directory().toString())
            + " cannot be used: "
            + why);
  }

  /** Something else about continuing a transfer that the administrator should know. */
  public synchronized void remark(boolean failure, String text) {
    var remark = new Remark(failure, text);
    if (told.add(remark)) {
      remarks.add(remark);
    }
  }

  /** What there is to say since the last call; nothing is said twice. */
  public synchronized List<Remark> takeRemarks() {
    var taken = List.copyOf(remarks);
    remarks.clear();
    return taken;
  }

  /** Lets go of the folder; what is kept next takes it again. */
  @Override
  public synchronized void close() {
    var held = lock;
    lock = null;
    if (held != null) {
      try {
        held.close();
      } catch (IOException e) {
        remark(true, "closing the spool failed: " + e.getMessage());
      }
    }
  }
}
