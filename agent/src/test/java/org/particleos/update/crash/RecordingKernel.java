package org.particleos.update.crash;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.particleos.update.linux.DelegatingFile;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.OpenFile;

/**
 * Notes every change that the program makes below a directory, and every barrier between them, one
 * after the other even if several threads ask. The changes are made for real as well, so that the
 * program finds what it wrote.
 *
 * <p>A change of something that it has not seen come into being is an error: then something reaches
 * storage on another way than through {@link Kernel}.
 *
 * <p>Modes, times, owners, attributes and flags are passed on and not noted.
 */
public final class RecordingKernel extends DelegatingKernel {
  /** What is about to happen may fail instead. */
  @FunctionalInterface
  public interface Faults {
    /**
     * Asked before each change and barrier.
     *
     * @param number counted from 0
     */
    void before(int number, String operation, Path path) throws IOException;
  }

  private final Path home;
  private final Set<Path> ignored;
  private final Path fat;
  private final Path secondFat;
  private final Set<Path> disks;
  private final Faults faults;
  private final Storage before = new Storage();
  private final List<Change> changes = new ArrayList<>();
  private final Map<Long, Integer> numbers = new HashMap<>();
  private int next;
  private final List<String> asked = new ArrayList<>();

  private RecordingKernel(
      Kernel kernel,
      Path home,
      Set<Path> ignored,
      Path fat,
      Path secondFat,
      Set<Path> disks,
      Faults faults) {
    super(kernel);
    this.home = home;
    this.ignored = ignored;
    this.fat = fat;
    this.secondFat = secondFat;
    this.disks = disks;
    this.faults = faults;
  }

  /**
   * Begins with what is below the directory now.
   *
   * @param ignored what does not belong to the machine
   * @param fat the directory that stands for the file system of the ESP
   * @param secondFat one that stands for the ESP of another disk; it need not exist
   * @param disk the file that stands for a block device
   */
  public static RecordingKernel below(
      Path home,
      Set<Path> ignored,
      Path fat,
      Path secondFat,
      Path disk,
      Kernel kernel,
      Faults faults)
      throws IOException {
    var recording =
        new RecordingKernel(kernel, home, ignored, fat, secondFat, Set.of(disk), faults);
    recording.see(home);
    return recording;
  }

  private Volume volume(Path path) {
    if (disks.contains(path)) {
      return Volume.DISK;
    }
    if (path.startsWith(secondFat)) {
      return Volume.SECOND_FAT;
    }
    return path.startsWith(fat) ? Volume.FAT : Volume.JOURNALED;
  }

  private int see(Path path) throws IOException {
    FileStatus status = super.status(path).orElseThrow();
    Integer known = numbers.get(status.inode());
    if (known != null) {
      return known; // another name of the same file
    }
    int number = next++;
    numbers.put(status.inode(), number);
    switch (status.kind()) {
      case DIRECTORY -> {
        before.addDirectory(number, volume(path));
        try (Stream<Path> inner = Files.list(path)) {
          for (Path child : inner.sorted().toList()) {
            if (!ignored.contains(child)) {
              before.name(number, child.getFileName().toString(), see(child));
            }
          }
        }
      }
      case REGULAR -> {
        before.addFile(number, volume(path));
        byte[] bytes = Files.readAllBytes(path);
        before.grow(number, bytes.length);
        before.write(number, 0, bytes, 0, bytes.length);
      }
      case SYMBOLIC_LINK -> before.addLink(number, volume(path), super.readLink(path));
      case BLOCK_DEVICE, CHARACTER_DEVICE, FIFO, SOCKET ->
          throw new IOException("not modelled: " + path);
    }
    return number;
  }

  /** The changes and barriers that were asked for, each as what was to be done and to what. */
  public synchronized List<String> asked() {
    return List.copyOf(asked);
  }

  public synchronized Recording recording() {
    return new Recording(before.copy(), changes);
  }

  // ---- Numbers ----

  private boolean outside(Path path) {
    return !path.startsWith(home) || ignored.stream().anyMatch(path::startsWith);
  }

  private int number(Path path) throws IOException {
    FileStatus status =
        super.status(path).orElseThrow(() -> new IllegalStateException("missing: " + path));
    Integer number = numbers.get(status.inode());
    if (number == null) {
      throw new IllegalStateException("nobody was seen to make " + path);
    }
    return number;
  }

  private static Path parent(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalArgumentException("nothing holds " + path);
    }
    return parent;
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }

  private void born(Path path) throws IOException {
    FileStatus status = super.status(path).orElseThrow();
    int number = next++;
    numbers.put(status.inode(), number);
    switch (status.kind()) {
      case DIRECTORY -> before.addDirectory(number, volume(path));
      case SYMBOLIC_LINK -> before.addLink(number, volume(path), super.readLink(path));
      case REGULAR, BLOCK_DEVICE, CHARACTER_DEVICE, FIFO, SOCKET ->
          before.addFile(number, volume(path));
    }
    changes.add(new Change.Name(number(parent(path)), name(path), number));
  }

  /** The number of what loses its last name with the change that follows. */
  private int freed(Path path) throws IOException {
    Optional<FileStatus> status = super.status(path);
    if (status.isEmpty()) {
      return Storage.NOTHING;
    }
    boolean last = status.get().links() <= 1 || status.get().kind() == FileKind.DIRECTORY;
    return last ? number(path) : Storage.NOTHING;
  }

  private void ask(String operation, Path path) throws IOException {
    asked.add(operation + " " + path);
    faults.before(asked.size() - 1, operation, path);
  }

  // ---- Names ----

  @Override
  public synchronized OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
    if (outside(path)) {
      return super.open(path, flags);
    }
    if (!flags.contains(OpenFlag.WRITE)) {
      return recorded(super.open(path, flags));
    }
    boolean there = super.statusFollowing(path).isPresent();
    if (flags.contains(OpenFlag.CREATE) || flags.contains(OpenFlag.TRUNCATE)) {
      ask("open", path);
    }
    OpenFile file = super.open(path, flags);
    if (!there) {
      born(path);
    } else if (flags.contains(OpenFlag.TRUNCATE)) {
      changes.add(new Change.Resize(number(path), 0));
    }
    return recorded(file);
  }

  private OpenFile recorded(OpenFile file) throws IOException {
    FileStatus status = super.statusFollowing(file.path()).orElseThrow();
    Integer number = numbers.get(status.inode());
    return number == null || status.kind() != FileKind.REGULAR
        ? file
        : new RecordedFile(file, number);
  }

  @Override
  public synchronized void rename(Path from, Path to) throws IOException {
    ask("rename", from);
    int node = number(from);
    int freed = freed(to);
    super.rename(from, to);
    changes.add(
        new Change.Move(
            number(parent(from)), name(from), number(parent(to)), name(to), node, freed));
  }

  @Override
  public synchronized void exchange(Path one, Path other) throws IOException {
    ask("exchange", one);
    var change =
        new Change.Exchange(
            number(parent(one)),
            name(one),
            number(one),
            number(parent(other)),
            name(other),
            number(other));
    super.exchange(one, other);
    changes.add(change);
  }

  @Override
  public synchronized void remove(Path path) throws IOException {
    ask("remove", path);
    int freed = freed(path);
    super.remove(path);
    changes.add(new Change.Unname(number(parent(path)), name(path), freed));
  }

  @Override
  public synchronized void makeDirectory(Path path, int mode) throws IOException {
    ask("makeDirectory", path);
    super.makeDirectory(path, mode);
    born(path);
  }

  @Override
  public synchronized void makeSymbolicLink(String target, Path link) throws IOException {
    ask("makeSymbolicLink", link);
    super.makeSymbolicLink(target, link);
    born(link);
  }

  @Override
  public synchronized void makeHardLink(Path existing, Path link) throws IOException {
    ask("makeHardLink", link);
    super.makeHardLink(existing, link);
    changes.add(new Change.Name(number(parent(link)), name(link), number(existing)));
  }

  @Override
  public void makeSpecialFile(Path path, FileKind kind, int mode, long specialDevice)
      throws IOException {
    throw new IOException("not modelled: " + path);
  }

  // ---- Properties, which may fail and are not noted ----

  @Override
  public synchronized void changeMode(Path path, int mode) throws IOException {
    ask("changeMode", path);
    super.changeMode(path, mode);
  }

  @Override
  public synchronized void changeTimes(Path path, long mtimeNanos) throws IOException {
    ask("changeTimes", path);
    super.changeTimes(path, mtimeNanos);
  }

  @Override
  public synchronized void changeInodeFlag(Path path, InodeFlag flag, boolean on)
      throws IOException {
    ask("changeInodeFlag", path);
    super.changeInodeFlag(path, flag, on);
  }

  // ---- Barriers ----

  @Override
  public synchronized void syncDirectory(Path directory) throws IOException {
    ask("syncDirectory", directory);
    super.syncDirectory(directory);
    if (!outside(directory)) {
      changes.add(new Change.SyncNames(number(directory)));
    }
  }

  @Override
  public synchronized void syncFileSystem(Path path) throws IOException {
    ask("syncFileSystem", path);
    super.syncFileSystem(path);
    changes.add(new Change.SyncVolume(volume(path)));
  }

  @Override
  public synchronized void syncAll() {
    super.syncAll();
    changes.add(new Change.SyncAll());
  }

  // ---- Content ----

  private final class RecordedFile extends DelegatingFile {
    private final int number;
    private boolean lost;

    RecordedFile(OpenFile file, int number) {
      super(file);
      this.number = number;
    }

    private byte[] copy(ByteBuffer buffer) {
      byte[] bytes = new byte[buffer.remaining()];
      buffer.duplicate().get(bytes);
      return bytes;
    }

    private void wrote(long offset, byte[] bytes) {
      changes.add(new Change.Write(number, Math.toIntExact(offset), bytes));
    }

    @Override
    public void write(ByteBuffer direct, long offset) throws IOException {
      synchronized (RecordingKernel.this) {
        ask("write", path());
        byte[] bytes = copy(direct);
        super.write(direct, offset);
        wrote(offset, bytes);
      }
    }

    @Override
    public boolean writeDirect(ByteBuffer direct, long offset) throws IOException {
      synchronized (RecordingKernel.this) {
        ask("writeDirect", path());
        byte[] bytes = copy(direct);
        boolean done = super.writeDirect(direct, offset);
        if (done) {
          wrote(offset, bytes);
        }
        return done;
      }
    }

    @Override
    public void zeroRange(long offset, long lengthBytes) throws IOException {
      synchronized (RecordingKernel.this) {
        ask("zeroRange", path());
        super.zeroRange(offset, lengthBytes);
        wrote(offset, new byte[Math.toIntExact(lengthBytes)]);
      }
    }

    @Override
    public void truncate(long sizeBytes) throws IOException {
      synchronized (RecordingKernel.this) {
        ask("truncate", path());
        super.truncate(sizeBytes);
        changes.add(new Change.Resize(number, Math.toIntExact(sizeBytes)));
      }
    }

    @Override
    public boolean cloneFrom(OpenFile source) throws IOException {
      synchronized (RecordingKernel.this) {
        ask("cloneFrom", path());
        // Copied instead: not every file system of a machine that tests can clone.
        return false;
      }
    }

    @Override
    public void flushRange(long offset, long lengthBytes) throws IOException {
      synchronized (RecordingKernel.this) {
        ask("flushRange", path());
        super.flushRange(offset, lengthBytes);
      }
    }

    @Override
    public void sync() throws IOException {
      synchronized (RecordingKernel.this) {
        if (lost) {
          throw new IOException("an earlier flush failed");
        }
        try {
          ask("sync", path());
        } catch (IOException failed) {
          changes.add(new Change.Lost(number));
          lost = true;
          lose();
          throw failed;
        }
        super.sync();
        changes.add(new Change.Sync(number));
      }
    }

    /**
     * What was on its way when a flush failed is not on the disk, and is not tried again. As {@link
     * OpenFile#sync} promises, it is read no more, and this file never says again that all is well.
     */
    private void lose() throws IOException {
      byte[] old = recording().durable(number);
      byte[] now = Arrays.copyOf(old, Math.toIntExact(super.sizeBytes()));
      super.write(ByteBuffer.allocateDirect(now.length).put(now).flip(), 0);
    }
  }

  /** Paths that the machine does not consist of. */
  public static Set<Path> paths(Path... paths) {
    return new HashSet<>(List.of(paths));
  }
}
