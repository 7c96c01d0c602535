package org.particleos.update.linux;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A loop device over a temporary file, for tests that run as root; others are skipped. */
public final class LoopDevice implements AutoCloseable {
  private final Path node;

  private LoopDevice(Path node) {
    this.node = node;
  }

  /** Attaches a file, which is created or resized; skips the test where that is impossible. */
  public static LoopDevice attach(Path image, long sizeBytes, int sectorBytes)
      throws IOException, InterruptedException {
    try (var file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(sizeBytes);
    }
    Process losetup;
    try {
      losetup =
          new ProcessBuilder("losetup", "-f", "--show", "-b", "" + sectorBytes, image.toString())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException missing) {
      assumeTrue(false, "losetup is missing: " + missing.getMessage());
      throw missing;
    }
    String answer =
        new String(losetup.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assumeTrue(losetup.waitFor() == 0, "no loop device can be attached (root is needed)");
    return new LoopDevice(Path.of(answer));
  }

  public Path node() {
    return node;
  }

  @Override
  public void close() throws IOException {
    try {
      new ProcessBuilder("losetup", "-d", node.toString()).inheritIO().start().waitFor();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
