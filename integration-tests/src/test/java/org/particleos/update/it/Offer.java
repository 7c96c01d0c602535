package org.particleos.update.it;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.particleos.update.demo.Tool;

/** A folder of payloads with an unsigned manifest, as a publisher puts them on a server. */
final class Offer {
  private final Path folder;

  Offer(Path folder) throws IOException {
    this.folder = Files.createDirectories(folder);
  }

  Path folder() {
    return folder;
  }

  /** The folder as a URL that needs no server, without a slash at its end. */
  URI uri() {
    return URI.create("file://" + folder);
  }

  Path path(String name) {
    return folder.resolve(name);
  }

  Offer put(String name, String content) throws IOException {
    return put(name, content.getBytes(StandardCharsets.UTF_8));
  }

  Offer put(String name, byte[] content) throws IOException {
    Files.createDirectories(path(name).getParent());
    Files.write(path(name), content);
    return this;
  }

  /** Packs a payload. The name says with what: {@code .gz}, {@code .xz} or {@code .zst}. */
  Offer putPacked(String name, byte[] content) throws IOException {
    Path raw = Files.createTempFile(folder, ".raw", "");
    Files.write(raw, content);
    String packer = name.endsWith(".gz") ? "gzip" : name.endsWith(".xz") ? "xz" : "zstd";
    Tool.run(folder, "sh", "-c", packer + " -q -c '" + raw + "' > '" + path(name) + "'");
    Files.delete(raw);
    return this;
  }

  /** Packs a folder, its own name left out. */
  Offer putTar(String name, Path tree) throws IOException {
    Tool.run(folder, "tar", "-C", tree.toString(), "-caf", path(name).toString(), ".");
    return this;
  }

  Offer remove(String name) throws IOException {
    Files.delete(path(name));
    return this;
  }

  /** What the manifest says of a file, without its end of line. */
  String line(String name) throws IOException {
    return digest(path(name)) + " *" + name;
  }

  static String digest(Path file) throws IOException {
    return digest(Files.readAllBytes(file));
  }

  static String digest(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Writes the manifest over all files that are there now. */
  Offer publish() throws IOException {
    var manifest = new StringBuilder();
    for (Path file : files()) {
      manifest.append(line(folder.relativize(file).toString())).append('\n');
    }
    return publish(manifest.toString());
  }

  /** Writes a manifest as it is given. */
  Offer publish(String manifest) throws IOException {
    Files.writeString(path("SHA256SUMS"), manifest);
    return this;
  }

  String manifest() throws IOException {
    return Files.readString(path("SHA256SUMS"));
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile)
          .filter(file -> !file.getFileName().toString().startsWith("SHA256SUMS"))
          .sorted(Comparator.comparing(Path::toString))
          .toList();
    }
  }
}
