package org.particleos.update.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.definition.Architecture;
import org.particleos.update.definition.PartitionType;
import org.particleos.update.disk.PartitionTable;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.linux.LoopDevice;

/** Builds disk images with the usual tools; skips the test where one is missing. */
final class ADiskImage {
  private static final long SIZE_BYTES = 128 << 20;

  private final Path directory;
  private final int sectorBytes;
  private final List<Content> partitions = new ArrayList<>();

  private record Content(String type, String label, Optional<Path> fileSystem) {}

  private ADiskImage(Path directory, int sectorBytes) {
    this.directory = directory;
    this.sectorBytes = sectorBytes;
  }

  static ADiskImage in(Path directory, int sectorBytes) {
    return new ADiskImage(directory, sectorBytes);
  }

  /** A file system of 16 MiB that holds these files, each with its own path as content. */
  static Path fileSystem(Path directory, String type, String... files) throws Exception {
    Path tree = Files.createTempDirectory(directory, "tree");
    for (String file : files) {
      Path path = tree.resolve(file);
      if (file.endsWith("/")) {
        Files.createDirectories(path);
      } else {
        Files.createDirectories(path.getParent());
        Files.writeString(path, file);
      }
    }
    Path image = Files.createTempFile(directory, "fs", ".img");
    switch (type) {
      case "ext4" -> {
        grow(image, 16 << 20);
        run("mkfs.ext4", "-q", "-F", "-b", "4096", "-d", tree.toString(), image.toString());
      }
      case "erofs" -> run("mkfs.erofs", "--quiet", image.toString(), tree.toString());
      case "btrfs" -> {
        grow(image, 48 << 20);
        run("mkfs.btrfs", "-q", "--mixed", "-r", tree.toString(), image.toString());
      }
      case "vfat" -> {
        grow(image, 16 << 20);
        run("mkfs.vfat", image.toString());
      }
      case "luks" -> {
        grow(image, 32 << 20);
        Path key = Files.writeString(directory.resolve("key"), "secret");
        run(
            "cryptsetup",
            "luksFormat",
            "--batch-mode",
            "--pbkdf=pbkdf2",
            "--pbkdf-force-iterations=1000",
            image.toString(),
            key.toString());
      }
      case "swap" -> {
        grow(image, 1 << 20);
        run("mkswap", image.toString());
      }
      default -> throw new IllegalArgumentException(type);
    }
    return image;
  }

  private static void grow(Path file, long sizeBytes) throws IOException {
    try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(1), sizeBytes - 1);
    }
  }

  ADiskImage with(String type, String label, Path fileSystem) {
    partitions.add(new Content(type, label, Optional.of(fileSystem)));
    return this;
  }

  ADiskImage with(String type, String label) {
    partitions.add(new Content(type, label, Optional.empty()));
    return this;
  }

  Path build() throws Exception {
    Path image = directory.resolve("disk.img");
    Files.createFile(image);
    grow(image, SIZE_BYTES);
    var command = new ArrayList<String>(List.of("sgdisk"));
    for (int i = 0; i < partitions.size(); i++) {
      var content = partitions.get(i);
      int number = i + 1;
      long mib =
          content.fileSystem.isEmpty()
              ? 1
              : Math.ceilDiv(Files.size(content.fileSystem.get()), 1 << 20);
      command.add("-n" + number + ":0:+" + mib + "M");
      command.add(
          "-t"
              + number
              + ":"
              + PartitionType.parse(content.type, Architecture.X86_64).orElseThrow().uuid());
      command.add("-c" + number + ":" + content.label);
    }
    if (sectorBytes == 512) {
      command.add(image.toString());
      run(command.toArray(String[]::new));
    } else {
      // sgdisk believes the device only.
      try (var loop = LoopDevice.attach(image, SIZE_BYTES, sectorBytes)) {
        command.add(loop.node().toString());
        run(command.toArray(String[]::new));
      }
    }
    try (var file = new LinuxKernel().open(image, Set.of(OpenFlag.READ));
        var target = FileChannel.open(image, StandardOpenOption.WRITE)) {
      var table = PartitionTable.read(file);
      assertEquals(sectorBytes, table.sectorBytes());
      for (int i = 0; i < partitions.size(); i++) {
        var from = partitions.get(i).fileSystem;
        if (from.isPresent()) {
          try (var source = FileChannel.open(from.get())) {
            long at = table.partition(i + 1).orElseThrow().startBytes();
            target.transferFrom(source, at, source.size());
          }
        }
      }
    }
    return image;
  }

  static String run(String... command) throws IOException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException missing) {
      assumeTrue(false, command[0] + " is not installed: " + missing.getMessage());
      throw missing;
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }
}
