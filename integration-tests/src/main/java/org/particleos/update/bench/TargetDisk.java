package org.particleos.update.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.particleos.update.demo.Tool;

/**
 * A disk with version 1 in a small slot and an empty slot for an image, made anew for every run.
 * Also as a loop device, which is detached when this is closed or when this process ends.
 */
final class TargetDisk implements AutoCloseable {
  private static final long MIB = 1 << 20;
  private static final long SLOT_OFFSET_BYTES = 2 * MIB;

  /** What a disk is to the program. */
  enum Kind {
    FILE("image file"),
    /** What is written goes through the page cache of the host once more. */
    LOOP("loop device"),
    /** What is written goes to the disk below, as with a partition of it. */
    DIRECT_LOOP("loop device, direct I/O");

    private final String description;

    Kind(String description) {
      this.description = description;
    }

    String description() {
      return description;
    }

    /** Why this machine cannot do it; empty if it can. */
    String obstacle() {
      return switch (this) {
        case FILE -> "";
        case LOOP, DIRECT_LOOP ->
            !"root".equals(System.getProperty("user.name"))
                ? "only root can attach one"
                : Files.exists(Path.of("/dev/loop-control"))
                    ? ""
                    : "this kernel or container has none";
      };
    }
  }

  private final Path folder;
  private final Path file;
  private final Path device;
  private final Thread detach;
  private boolean attached;

  private TargetDisk(Path folder, Path file, Path device, boolean attached) {
    this.folder = folder;
    this.file = file;
    this.device = device;
    this.attached = attached;
    this.detach = new Thread(this::detachQuietly, "detach");
    Runtime.getRuntime().addShutdownHook(detach);
  }

  /**
   * Its blocks are allocated, as those of a real disk are.
   *
   * @param folder where the disk is put, as {@code disk.img}
   */
  static TargetDisk create(Path folder, Kind kind, int imageMebibytes) throws IOException {
    Path file = folder.resolve("disk.img");
    Files.deleteIfExists(file);
    long size = SLOT_OFFSET_BYTES + (imageMebibytes + 1) * MIB;
    Tool.run(folder, "fallocate", "--length", Long.toString(size), file.toString());
    String script =
        """
        label: gpt
        start=1MiB, size=1MiB, type=%1$s, name=bench_1
        start=2MiB, size=%2$dMiB, type=%1$s, name=_empty
        """
            .formatted(usrType(), imageMebibytes);
    var made = Tool.call(folder, Map.of(), script, "sfdisk", "-q", file.toString());
    if (made.status() != 0) {
      throw new IOException("sfdisk failed:\n" + made.output());
    }
    return switch (kind) {
      case FILE -> new TargetDisk(folder, file, file, false);
      case LOOP -> attached(folder, file, "off");
      case DIRECT_LOOP -> attached(folder, file, "on");
    };
  }

  private static TargetDisk attached(Path folder, Path file, String direct) throws IOException {
    String device =
        Tool.run(folder, "losetup", "--find", "--show", "--direct-io=" + direct, file.toString())
            .strip();
    return new TargetDisk(folder, file, Path.of(device), true);
  }

  /** Of {@code MatchPartitionType=usr} for the architecture that this program runs on. */
  private static String usrType() {
    return System.getProperty("os.arch").equals("aarch64")
        ? "b0e01050-ee5f-4390-949a-9101b17104e9"
        : "8484680c-9521-48c6-9c11-b0720656f69e";
  }

  /** What stands in {@code [Target] Path=}. */
  Path path() {
    return device;
  }

  /** Compares the slot with an image, byte by byte. */
  void requireContent(Path image) throws IOException {
    Tool.run(
        folder,
        "cmp",
        "--ignore-initial=" + SLOT_OFFSET_BYTES + ":0",
        "--bytes=" + Files.size(image),
        device.toString(),
        image.toString());
  }

  private void detachQuietly() {
    try {
      detach();
    } catch (IOException e) {
      System.err.println("detach it by hand: losetup -d " + device + "\n" + e.getMessage());
    }
  }

  private synchronized void detach() throws IOException {
    if (attached) {
      Tool.run(folder, "losetup", "--detach", device.toString());
      attached = false;
    }
  }

  @Override
  public void close() throws IOException {
    detach();
    Files.deleteIfExists(file);
    try {
      Runtime.getRuntime().removeShutdownHook(detach);
    } catch (IllegalStateException _) {
      // The process is ending: the hook has nothing left to do.
    }
  }
}
