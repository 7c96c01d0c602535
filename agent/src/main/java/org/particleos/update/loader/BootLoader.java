package org.particleos.update.loader;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.particleos.update.boot.BootPartitions;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.install.BootFlush;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.pe.PeMachine;

/**
 * The systemd-boot on the EFI system partition of one operating system, and those that could
 * replace it. What is there is replaced only by something newer, and only if it is a systemd-boot
 * itself.
 *
 * <p>A file is written under a temporary name, flushed and renamed. FAT promises less of a rename
 * than other file systems do; so the two places are written one after the other, each brought to
 * the device before the next: with both in use, one of them is whole at any moment.
 *
 * <p>Locks nothing: who writes sees to it that nobody else does.
 */
public final class BootLoader {
  /** What temporary names begin with. */
  private static final String TEMPORARY = ".#";

  /** Beside the file itself: entries of a directory that grows, on file systems that round up. */
  private static final int SPARE_BLOCKS = 2;

  private static final int DIRECTORY_MODE = 0755;

  private final Kernel kernel;
  private final Path root;
  private final BootPartitions partitions;
  private final Optional<PeMachine> firmware;

  /** A further partition; otherwise it is looked for. */
  private final Optional<Path> further;

  private BootLoader(
      Kernel kernel,
      Path root,
      BootPartitions partitions,
      Optional<PeMachine> machine,
      Optional<Path> further) {
    this.kernel = kernel;
    this.root = root;
    this.partitions = partitions;
    this.firmware = machine;
    this.further = further;
  }

  /**
   * Of an operating system below a root.
   *
   * @param machine that the firmware is for, if that is known
   */
  public static BootLoader of(
      Kernel kernel, Path root, Map<String, String> environment, Optional<PeMachine> machine) {
    return new BootLoader(
        kernel, root, BootPartitions.ofHost(kernel, root, environment), machine, Optional.empty());
  }

  /** The same on a further EFI system partition that is mounted there. */
  public BootLoader on(Path mountPoint) {
    return new BootLoader(kernel, root, partitions, firmware, Optional.of(mountPoint));
  }

  /** How far an installation goes. */
  public enum Extent {
    /** What is there is kept fresh; nothing is put where nothing was. */
    REFRESH,
    /**
     * Besides, the machine's own loader is put below {@code EFI/systemd} if it is missing there.
     */
    INSTALL
  }

  /**
   * One slot.
   *
   * @param path of what is there or would be
   */
  public record Entry(LoaderSlot slot, Path path, Verdict verdict) {}

  /**
   * What was found.
   *
   * @param esp where the EFI system partition is mounted
   * @param refused loaders of the operating system that cannot be used, each with the reason
   * @param entries of all slots that hold something, and those of this machine
   * @param leftovers of interrupted writes
   */
  public record Inspection(
      Path esp,
      List<LoaderOffer> offers,
      List<String> refused,
      List<Entry> entries,
      List<Path> leftovers) {
    public Inspection {
      offers = List.copyOf(offers);
      refused = List.copyOf(refused);
      entries = List.copyOf(entries);
      leftovers = List.copyOf(leftovers);
    }

    /** Whether a systemd-boot is there at all. */
    public boolean present() {
      return entries.stream()
          .anyMatch(entry ->
              switch (entry.verdict()) {
                case Verdict.Current _, Verdict.Newer _, Verdict.NotOffered _, Verdict.Replace _ ->
                    true;
                case Verdict.Absent _, Verdict.Foreign _, Verdict.Create _ -> false;
              });
    }

    /** Whether an installation would write something. */
    public boolean pending() {
      return entries.stream().anyMatch(entry -> offer(entry.verdict()).isPresent());
    }
  }

  private static Optional<LoaderOffer> offer(Verdict verdict) {
    return switch (verdict) {
      case Verdict.Replace(_, var offer) -> Optional.of(offer);
      case Verdict.Create(var offer) -> Optional.of(offer);
      case Verdict.Absent _,
          Verdict.Current _,
          Verdict.Newer _,
          Verdict.NotOffered _,
          Verdict.Foreign _ ->
          Optional.empty();
    };
  }

  /** The mounted EFI system partition; fails where there is none. */
  public Path esp() throws UpdateException {
    return further.isPresent() ? further.get() : partitions.esp();
  }

  /** Looks at what the operating system brings along and what is on the partition. */
  public Inspection inspect(Extent extent) throws UpdateException {
    Path esp = esp();
    try {
      return inspect(esp, new LoaderSources(kernel, root).look(), extent);
    } catch (IOException e) {
      throw reading(esp, e);
    }
  }

  /**
   * Looks at what could be done with a loader that came from elsewhere.
   *
   * @throws UpdateException.NotAvailable if the file is no systemd-boot for this machine
   */
  public Inspection inspect(Path file, Extent extent) throws UpdateException {
    Path esp = esp();
    try {
      LoaderOffer offer = offerOf(file);
      return inspect(esp, new LoaderSources.Found(List.of(offer), List.of()), extent);
    } catch (IOException e) {
      throw reading(esp, e);
    }
  }

  private static UpdateException reading(Path esp, IOException cause) {
    return IoFailure.reading(
        "looking at the boot loader on " + Quote.quote(esp.toString()) + " failed", cause);
  }

  /**
   * A file as an offer, whichever machine it is for.
   *
   * @throws UpdateException.NotAvailable if it is no systemd-boot
   */
  private LoaderOffer offerOf(Path file) throws IOException, UpdateException {
    String why = "";
    for (PeMachine machine : PeMachine.values()) {
      switch (LoaderFile.look(kernel, file, machine)) {
        case LoaderFile.Ours(var version, _) -> {
          return new LoaderOffer(file, machine, version, false);
        }
        case LoaderFile.Foreign(var clause) -> why = clause;
        case LoaderFile.Missing() -> why = "does not exist";
      }
    }
    throw UpdateException.because(
            Reason.BOOT_LOADER_INVALID,
            "refused " + Quote.quote(file.toString()) + " as a boot loader")
        .found("it " + why)
        .remedy("ask the publisher: BootLoader=yes is for a systemd-boot, and for nothing else")
        .notAvailable();
  }

  /** Makes sure that a file is a systemd-boot. */
  public void requireLoader(Path file) throws UpdateException {
    try {
      offerOf(file);
    } catch (IOException e) {
      throw IoFailure.reading("reading " + Quote.quote(file.toString()) + " failed", e);
    }
  }

  private Inspection inspect(Path esp, LoaderSources.Found sources, Extent extent)
      throws IOException, UpdateException {
    List<Entry> entries = new ArrayList<>();
    List<Path> leftovers = new ArrayList<>();
    for (LoaderSlot.Kind kind : LoaderSlot.Kind.values()) {
      for (PeMachine machine : PeMachine.values()) {
        var slot = new LoaderSlot(kind, machine);
        Path path = spelled(esp, slot);
        Path temporary = temporary(path);
        if (kernel.status(temporary).isPresent()) {
          leftovers.add(temporary);
        }
        LoaderFile found = LoaderFile.look(kernel, path, machine);
        boolean own = firmware.filter(machine::equals).isPresent();
        if (found instanceof LoaderFile.Missing && !own) {
          continue;
        }
        boolean create = own && kind == LoaderSlot.Kind.SYSTEMD && extent == Extent.INSTALL;
        entries.add(new Entry(slot, path, Verdict.of(found, sources.forMachine(machine), create)));
      }
    }
    return new Inspection(esp, sources.offers(), sources.refused(), entries, leftovers);
  }

  /** The slot's path in the spelling of what is there: FAT does not tell small from capital. */
  private Path spelled(Path esp, LoaderSlot slot) throws IOException, UpdateException {
    Path path = esp;
    for (String name : slot.names()) {
      Path directory = path;
      boolean readable =
          kernel
              .status(directory)
              .filter(status -> status.kind() == Kernel.FileKind.DIRECTORY)
              .isPresent();
      String there =
          readable
              ? kernel.list(directory).stream()
                  .filter(name::equalsIgnoreCase)
                  .findFirst()
                  .orElse(name)
              : name;
      path = directory.resolve(there);
    }
    // No component may be a link: boot loaders know none.
    return partitions.below(esp, esp.relativize(path));
  }

  private static Path temporary(Path path) {
    return path.resolveSibling(TEMPORARY + path.getFileName());
  }

  /** Asked before each write: whether the partition is still the one that was looked at. */
  public interface Guard {
    void check() throws UpdateException;
  }

  /** Told after each file that was replaced or created. */
  public interface Observer {
    void installed(Entry entry, LoaderOffer offer);
  }

  /**
   * Does what was decided, one slot after the other, and removes leftovers. What was done stays
   * done if a later one fails.
   *
   * @return how many files were written
   */
  public int install(Inspection inspection, Guard guard, Observer observer) throws UpdateException {
    for (Path leftover : inspection.leftovers()) {
      guard.check();
      try {
        kernel.remove(leftover);
      } catch (IOException e) {
        throw IoFailure.writing(
            "removing the leftover " + Quote.quote(leftover.toString()) + " failed", e);
      }
    }
    int written = 0;
    for (Entry entry : inspection.entries()) {
      Optional<LoaderOffer> offer = offer(entry.verdict());
      if (offer.isPresent()) {
        guard.check();
        replace(inspection.esp(), entry, offer.get(), guard);
        observer.installed(entry, offer.get());
        written++;
      }
    }
    return written;
  }

  private void replace(Path esp, Entry entry, LoaderOffer offer, Guard guard)
      throws UpdateException {
    String what =
        "installing the boot loader "
            + offer.version()
            + " as "
            + Quote.quote(entry.path().toString())
            + " failed";
    Path temporary = temporary(entry.path());
    boolean renamed = false;
    try {
      byte[] bytes = LoaderSources.read(kernel, offer).orElseThrow(() -> changed(offer));
      makeDirectories(esp, entry.path());
      requireRoom(esp, bytes.length, what);
      write(temporary, bytes);
      // The partition may have gone while the file was written to what lies below.
      guard.check();
      kernel.rename(temporary, entry.path());
      renamed = true;
      BootFlush.make(kernel, directory(entry.path()));
      if (!(LoaderFile.look(kernel, entry.path(), offer.machine())
              instanceof LoaderFile.Ours(var version, var size))
          || !version.equals(offer.version())
          || size != bytes.length) {
        throw new IOException("what was read back is not what was written");
      }
    } catch (IOException e) {
      if (!renamed) {
        discard(temporary, e);
      }
      throw IoFailure.writing(what, e)
          .inState(
              renamed
                  ? "the new boot loader is there, but may not be durable"
                  : "the boot loader that was there is untouched");
    } catch (UpdateException e) {
      discard(temporary, e);
      throw e.inState("the boot loader that was there is untouched");
    }
  }

  private static UpdateException changed(LoaderOffer offer) {
    return UpdateException.because(
            Reason.BOOT_LOADER_INVALID,
            "refused " + Quote.quote(offer.path().toString()) + " as a boot loader")
        .found("it is not the one that it was a moment ago")
        .remedy("run the command again when nobody changes it")
        .notAvailable();
  }

  private void discard(Path temporary, Exception first) {
    try {
      if (kernel.status(temporary).isPresent()) {
        kernel.remove(temporary);
      }
    } catch (IOException e) {
      first.addSuppressed(e);
    }
  }

  private void makeDirectories(Path esp, Path file) throws IOException {
    Path path = esp;
    for (Path name : esp.relativize(directory(file))) {
      Path parent = path;
      path = parent.resolve(name);
      if (kernel.status(path).isEmpty()) {
        kernel.makeDirectory(path, DIRECTORY_MODE);
        kernel.syncDirectory(parent);
      }
    }
  }

  private void requireRoom(Path esp, long bytes, String what) throws IOException, UpdateException {
    Kernel.SpaceStatus space = kernel.space(esp);
    long needed = bytes + SPARE_BLOCKS * space.blockBytes();
    if (space.availableBytes() < needed) {
      throw UpdateException.because(Reason.FILE_SYSTEM_FULL, what)
          .found(
              needed
                  + " bytes are needed on "
                  + Quote.quote(esp.toString())
                  + ", "
                  + space.availableBytes()
                  + " are free")
          .remedy("remove what is not needed there, such as old versions: particle-update vacuum")
          .noSpace();
    }
  }

  private void write(Path temporary, byte[] bytes) throws IOException {
    try (OpenFile file =
            kernel.open(
                temporary,
                EnumSet.of(
                    OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.EXCLUSIVE, OpenFlag.NO_FOLLOW));
        var arena = Arena.ofConfined()) {
      var buffer = arena.allocate(bytes.length).asByteBuffer();
      buffer.put(bytes).flip();
      file.write(buffer, 0);
      file.sync();
    }
  }

  private static Path directory(Path file) {
    Path parent = file.getParent();
    if (parent == null) {
      throw new IllegalArgumentException("a loader lies in a directory: " + file);
    }
    return parent;
  }
}
