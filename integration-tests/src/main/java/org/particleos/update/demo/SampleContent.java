package org.particleos.update.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;

/** Files that compress about as well as the ones of an operating system; the same every time. */
final class SampleContent {
  private static final int FILE_BYTES = 1 << 20;
  private static final int LINE_BYTES = 64;

  private SampleContent() {}

  static void fill(Path directory, String version, long bytes) throws IOException {
    Files.createDirectories(directory);
    var random = new SplittableRandom(version.hashCode());
    for (int file = 0; (long) file * FILE_BYTES < bytes; file++) {
      Files.write(directory.resolve("file-" + file), content(random, version, file));
    }
  }

  /** Half text that repeats itself, half noise. */
  private static byte[] content(SplittableRandom random, String version, int file) {
    byte[] noise = new byte[FILE_BYTES / 2];
    random.nextBytes(noise);
    byte[] bytes = new byte[FILE_BYTES];
    System.arraycopy(noise, 0, bytes, 0, noise.length);
    byte[] line =
        String.format("%-" + (LINE_BYTES - 1) + "s\n", "version " + version + ", file " + file)
            .getBytes(StandardCharsets.US_ASCII);
    for (int at = noise.length; at < bytes.length; at += LINE_BYTES) {
      System.arraycopy(line, 0, bytes, at, LINE_BYTES);
    }
    return bytes;
  }
}
