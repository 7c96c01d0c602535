package org.particleos.update.linux;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A fresh file system in a temporary file, mounted by a loop device, for tests that run as root;
 * others are skipped. Closing unmounts it, which detaches the device.
 */
public final class MountedImage implements AutoCloseable {
  /** Below that mkfs.btrfs refuses; the file is sparse. */
  private static final long SIZE_BYTES = 256L << 20;

  private final Path mountPoint;

  private MountedImage(Path mountPoint) {
    this.mountPoint = mountPoint;
  }

  public static MountedImage btrfs(Path folder) throws IOException, InterruptedException {
    return mount(folder, List.of("mkfs.btrfs", "-q"));
  }

  public static MountedImage ext4(Path folder) throws IOException, InterruptedException {
    return mount(folder, List.of("mkfs.ext4", "-q"));
  }

  private static MountedImage mount(Path folder, List<String> format)
      throws IOException, InterruptedException {
    Path image = folder.resolve(format.getFirst() + ".image");
    Path mountPoint = Files.createDirectory(folder.resolve(format.getFirst() + ".mounted"));
    try (var file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(SIZE_BYTES);
    }
    var make = new ArrayList<>(format);
    make.add(image.toString());
    assumeTrue(succeeds(make), format.getFirst() + " is missing");
    assumeTrue(
        succeeds(List.of("mount", "-o", "loop", image.toString(), mountPoint.toString())),
        "no image can be mounted (root, loop devices and the file system are needed)");
    return new MountedImage(mountPoint);
  }

  private static boolean succeeds(List<String> command) throws IOException, InterruptedException {
    try {
      return new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException missing) {
      return false;
    }
  }

  /** Where it is mounted. */
  public Path root() {
    return mountPoint;
  }

  @Override
  public void close() throws IOException {
    try {
      if (!succeeds(List.of("umount", mountPoint.toString()))) {
        succeeds(List.of("umount", "--lazy", mountPoint.toString()));
        throw new IOException("something still uses " + mountPoint);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
