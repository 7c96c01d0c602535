package org.particleos.update.verity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.linux.OpenFile;

/**
 * A disk with a hash tree and its data, the tree made by {@code veritysetup}. Before, between and
 * behind them is noise, so that a read beyond either shows.
 */
record VeritySetup(Path disk, Shape shape, String rootHash, int treeAt, int treeBytes, int dataAt)
    implements AutoCloseable {
  private static final long SEED = 20261122;

  /** Not a multiple of a page, as partitions of disks with small sectors may be. */
  private static final int GAP_BYTES = 5 * 512;

  /** What is asked of {@code veritysetup}. */
  record Shape(String algorithm, String salt, int dataBlockBytes, int hashBlockBytes, int blocks) {
    static Shape usual(int blocks) {
      return new Shape("sha256", "00ff".repeat(16), 4096, 4096, blocks);
    }

    int dataBytes() {
      return dataBlockBytes * blocks;
    }
  }

  static VeritySetup format(Path folder, Shape shape) throws IOException {
    byte[] data = new byte[shape.dataBytes()];
    new Random(SEED).nextBytes(data);
    Path dataFile = Files.write(folder.resolve("data"), data);
    Path treeFile = folder.resolve("tree");
    Files.deleteIfExists(treeFile);
    String printed =
        run(
            "veritysetup",
            "format",
            "--hash=" + shape.algorithm(),
            "--salt=" + (shape.salt().isEmpty() ? "-" : shape.salt()),
            "--data-block-size=" + shape.dataBlockBytes(),
            "--hash-block-size=" + shape.hashBlockBytes(),
            "--uuid=01234567-89ab-cdef-0123-456789abcdef",
            dataFile.toString(),
            treeFile.toString());
    String root =
        printed
            .lines()
            .filter(line -> line.startsWith("Root hash:"))
            .findFirst()
            .orElseThrow()
            .replaceAll(".*:\\s*", "");
    byte[] tree = Files.readAllBytes(treeFile);
    int dataAt = GAP_BYTES + tree.length + GAP_BYTES;
    byte[] disk = new byte[dataAt + data.length + GAP_BYTES];
    new Random(SEED + 1).nextBytes(disk);
    System.arraycopy(tree, 0, disk, GAP_BYTES, tree.length);
    System.arraycopy(data, 0, disk, dataAt, data.length);
    Path file = Files.write(folder.resolve("disk"), disk);
    return new VeritySetup(file, shape, root, GAP_BYTES, tree.length, dataAt);
  }

  private static String run(String... words) throws IOException {
    List<String> command = new ArrayList<>(List.of(words));
    Path system = Path.of("/usr/sbin", words[0]);
    if (Files.isExecutable(system)) {
      command.set(0, system.toString());
    }
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, process.waitFor(), output);
      return output;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    } catch (IOException missing) {
      assumeTrue(false, words[0] + " is not installed: " + missing.getMessage());
      throw missing;
    }
  }

  RootHash root() {
    return new RootHash(rootHash);
  }

  OpenFile open() throws IOException {
    return new LinuxKernel().open(disk, java.util.Set.of(OpenFlag.READ));
  }

  Extent tree(OpenFile file) {
    return new Extent(file, treeAt, treeBytes);
  }

  Extent data(OpenFile file) {
    return new Extent(file, dataAt, shape.dataBytes());
  }

  /** Changes one bit of the disk. */
  void flip(long at) throws IOException {
    byte[] bytes = Files.readAllBytes(disk);
    bytes[(int) at] ^= 4;
    Files.write(disk, bytes);
  }

  /** Whether tree and data are what the root hash vouches for. */
  Integrity compare() throws IOException, MalformedVerityException {
    try (var file = open()) {
      return HashTree.read(tree(file), shape.dataBytes())
          .compare(data(file), root(), Watch.unwatched());
    }
  }

  @Override
  public void close() throws IOException {
    Files.delete(disk);
  }
}
