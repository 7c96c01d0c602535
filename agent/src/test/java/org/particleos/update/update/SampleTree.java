package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** A small directory tree that differs from version to version, and its archive. */
final class SampleTree {
  private static final int BLOCK = 512;

  private SampleTree() {}

  static Map<String, String> files(String version) {
    return new TreeMap<>(
        Map.of("VERSION", version, "lib/one", "one of " + version, "lib/deep/two", "two"));
  }

  static Path write(Path top, String version) throws IOException {
    for (Map.Entry<String, String> file : files(version).entrySet()) {
      Path path = top.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
    return top;
  }

  /** All files of a directory tree. */
  static Map<String, String> read(Path top) throws IOException {
    var found = new TreeMap<String, String>();
    try (var paths = Files.walk(top)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        found.put(top.relativize(path).toString(), Files.readString(path));
      }
    }
    return found;
  }

  static void assertWhole(Path top, String version) throws IOException {
    assertEquals(files(version), read(top), top.toString());
  }

  static byte[] archive(String version) {
    var out = new ByteArrayOutputStream();
    entry(out, "./", '5', new byte[0]);
    entry(out, "./lib/", '5', new byte[0]);
    entry(out, "./lib/deep/", '5', new byte[0]);
    files(version)
        .forEach((name, text) -> entry(out, name, '0', text.getBytes(StandardCharsets.UTF_8)));
    out.writeBytes(new byte[2 * BLOCK]);
    return out.toByteArray();
  }

  private static void entry(ByteArrayOutputStream out, String name, char type, byte[] content) {
    byte[] header = new byte[BLOCK];
    put(header, 0, name);
    put(header, 100, type == '5' ? "0000755\0" : "0000644\0");
    put(header, 108, "0000000\0");
    put(header, 116, "0000000\0");
    put(header, 124, String.format("%011o\0", content.length));
    put(header, 136, String.format("%011o\0", 1_600_000_000));
    put(header, 148, "        ");
    put(header, 156, String.valueOf(type));
    put(header, 257, "ustar\0" + "00");
    int sum = 0;
    for (byte b : header) {
      sum += Byte.toUnsignedInt(b);
    }
    put(header, 148, String.format("%06o\0 ", sum));
    out.writeBytes(header);
    out.writeBytes(content);
    out.writeBytes(new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }
}
