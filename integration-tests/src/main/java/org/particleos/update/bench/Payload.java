package org.particleos.update.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * One image as a server may offer it. Made once and kept, since compressing takes minutes.
 *
 * @param file what a server offers
 */
record Payload(Format format, Path file) {
  /** How an image is packed, with the tool that packs it. */
  enum Format {
    RAW("", "as it is", ""),
    ZSTD(".zst", "`zstd -3`", "zstd -q -3 -T0 -c"),
    XZ(".xz", "`xz -6`, blocks of 24 MiB", "xz -6 -T0 --block-size=24MiB -c"),
    GZIP(".gz", "`gzip -6`", "gzip -6 -n -c");

    private final String suffix;
    private final String description;
    private final String command;

    Format(String suffix, String description, String command) {
      this.suffix = suffix;
      this.description = description;
      this.command = command;
    }

    /** What the name of an image ends with. */
    String suffix() {
      return ".raw" + suffix;
    }

    String description() {
      return description;
    }
  }

  private static final long SEED = 20261122;
  private static final int BLOCK_BYTES = 1 << 20;

  // A file system image holds what is packed already, what can be packed, and holes.
  private static final int NOISE_BYTES = 384 << 10;
  private static final int TEXT_BYTES = 576 << 10;

  private static final int WORDS = 4096;

  /** Counts up when the content changes, so that an older image is not taken for it. */
  private static final int CONTENT_REVISION = 1;

  /** The image in these formats, the raw one always first, from the folder or made now. */
  static List<Payload> prepare(Path folder, int mebibytes, Set<Format> formats) throws IOException {
    var payloads = new ArrayList<Payload>();
    Path raw = folder.resolve("image-" + CONTENT_REVISION + "-" + mebibytes + "M.raw");
    var wanted = EnumSet.of(Format.RAW);
    wanted.addAll(formats);
    for (Format format : wanted) {
      Path file = raw.resolveSibling(raw.getFileName() + format.suffix);
      if (!Files.exists(file)) {
        System.err.println("Making " + file.getFileName() + " …");
        Path unfinished = folder.resolve("unfinished");
        if (format == Format.RAW) {
          fill(unfinished, mebibytes);
        } else {
          pack(List.of(format.command.split(" ", -1)), raw, unfinished);
        }
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
      }
      payloads.add(new Payload(format, file));
    }
    return payloads;
  }

  private static void pack(List<String> command, Path from, Path to) throws IOException {
    var process =
        new ProcessBuilder(command)
            .redirectInput(from.toFile())
            .redirectOutput(to.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      if (process.waitFor() != 0) {
        throw new IOException(command.getFirst() + " ended with " + process.exitValue());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while packing", e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static void fill(Path file, int mebibytes) throws IOException {
    var random = new SplittableRandom(SEED);
    byte[][] words = new byte[WORDS][];
    for (int i = 0; i < WORDS; i++) {
      words[i] = word(random);
    }
    byte[] block = new byte[BLOCK_BYTES];
    byte[] noise = new byte[NOISE_BYTES];
    try (var channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      for (int i = 0; i < mebibytes; i++) {
        random.nextBytes(noise);
        System.arraycopy(noise, 0, block, 0, NOISE_BYTES);
        fillText(block, NOISE_BYTES, NOISE_BYTES + TEXT_BYTES, words, random);
        var rest = ByteBuffer.wrap(block);
        while (rest.hasRemaining()) {
          channel.write(rest);
        }
      }
    }
  }

  private static byte[] word(SplittableRandom random) {
    int length = random.nextInt(2, 12);
    return random
        .ints(length, 'a', 'z' + 1)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .append(' ')
        .toString()
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** Few words are frequent, most are rare. */
  private static void fillText(
      byte[] block, int from, int to, byte[][] words, SplittableRandom random) {
    for (int at = from; at < to; ) {
      byte[] word = words[random.nextInt(random.nextInt(WORDS) + 1)];
      int length = Math.min(word.length, to - at);
      System.arraycopy(word, 0, block, at, length);
      at += length;
    }
  }
}
