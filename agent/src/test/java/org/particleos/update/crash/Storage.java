package org.particleos.update.crash;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a machine keeps when its power goes: a disk and file systems, in memory. Copies
 * share what is the same in both.
 */
final class Storage {
  static final int NOTHING = -1;
  static final int ROOT = 0;
  static final int SECTOR = 512;

  /** What FAT shows of clusters that were given to a file and not written. */
  private static final byte STALE = (byte) 0xA5;

  private final Map<Integer, Node> nodes = new HashMap<>();

  Storage() {}

  private Storage(Storage other) {
    other.nodes.forEach((number, node) -> {
      node.shared = true;
      nodes.put(number, node);
    });
  }

  Storage copy() {
    return new Storage(this);
  }

  /** A file, a directory or a link. */
  private static final class Node {
    final Volume volume;
    boolean shared;
    byte[] bytes = new byte[0];
    int size;
    final TreeMap<String, Integer> names = new TreeMap<>();
    boolean directory;
    @Nullable String target;
    @Nullable String digest;

    Node(Volume volume) {
      this.volume = volume;
    }

    Node copy() {
      var copy = new Node(volume);
      copy.bytes = bytes.clone();
      copy.size = size;
      copy.names.putAll(names);
      copy.directory = directory;
      copy.target = target;
      return copy;
    }

    void reach(int length) {
      if (bytes.length < length) {
        int old = bytes.length;
        // A file grows piece by piece: room ahead spares most of the copying.
        bytes = Arrays.copyOf(bytes, Math.max(length, Math.min(old * 2, length + (4 << 20))));
        if (volume.fat()) {
          Arrays.fill(bytes, old, bytes.length, STALE);
        }
      }
    }
  }

  private Node node(int number) {
    Node node = nodes.get(number);
    if (node == null) {
      throw new IllegalStateException("no node " + number);
    }
    return node;
  }

  private Node changing(int number) {
    Node node = node(number);
    if (node.shared) {
      node = node.copy();
      nodes.put(number, node);
    }
    node.digest = null;
    return node;
  }

  Volume volume(int number) {
    return node(number).volume;
  }

  boolean isDirectory(int number) {
    return node(number).directory;
  }

  // ---- What is born has no name yet ----

  void addFile(int number, Volume volume) {
    nodes.put(number, new Node(volume));
  }

  void addDirectory(int number, Volume volume) {
    var node = new Node(volume);
    node.directory = true;
    nodes.put(number, node);
  }

  void addLink(int number, Volume volume, String target) {
    var node = new Node(volume);
    node.target = target;
    nodes.put(number, node);
  }

  // ---- What changes ----

  void write(int number, int offset, byte[] bytes, int from, int to) {
    Node node = changing(number);
    node.reach(offset + to);
    System.arraycopy(bytes, from, node.bytes, offset + from, to - from);
  }

  void grow(int number, int size) {
    Node node = changing(number);
    node.reach(size);
    node.size = Math.max(node.size, size);
  }

  void resize(int number, int size) {
    Node node = changing(number);
    if (size < node.size) {
      node.bytes = Arrays.copyOf(node.bytes, size);
    } else if (size > node.size) {
      node.reach(size);
      Arrays.fill(node.bytes, node.size, size, (byte) 0);
    }
    node.size = size;
  }

  void name(int directory, String name, int node) {
    changing(directory).names.put(name, node);
  }

  void unname(int directory, String name) {
    changing(directory).names.remove(name);
  }

  /** Somebody else's data took the place of the file's. */
  void overrun(int number, byte[] bytes) {
    Node node = changing(number);
    int length = Math.min(node.size, Math.max(SECTOR, bytes.length));
    for (int i = 0; i < length; i++) {
      node.bytes[i] = i < bytes.length ? bytes[i] : STALE;
    }
  }

  // ---- What is there ----

  int sizeBytes(int number) {
    return node(number).size;
  }

  /** Whether a part of a file is what the part of the bytes is. */
  boolean holds(int number, int offset, byte[] bytes, int from, int to) {
    Node node = node(number);
    return offset + to - from <= node.size
        && Arrays.equals(node.bytes, offset, offset + to - from, bytes, from, to);
  }

  byte[] content(int number) {
    Node node = node(number);
    return Arrays.copyOf(node.bytes, node.size);
  }

  /** The node of a path, names separated by slashes; {@link #NOTHING} if there is none. */
  int find(String path) {
    int at = ROOT;
    for (String name : path.split("/", -1)) {
      Integer next = node(at).names.get(name);
      if (next == null) {
        return NOTHING;
      }
      at = next;
    }
    return at;
  }

  int find(int directory, String name) {
    return node(directory).names.getOrDefault(name, NOTHING);
  }

  Set<String> names(int directory) {
    return Set.copyOf(node(directory).names.keySet());
  }

  Optional<String> target(int number) {
    return Optional.ofNullable(node(number).target);
  }

  /** The same for two that hold the same under the same names. */
  String fingerprint() {
    return digest(ROOT);
  }

  String fingerprint(int number) {
    return digest(number);
  }

  private String digest(int number) {
    Node node = node(number);
    if (node.digest != null && !node.directory) {
      return node.digest;
    }
    MessageDigest sha256 = sha256();
    if (node.directory) {
      node.names.forEach((name, inner) ->
          sha256.update((name + "=" + digest(inner) + "\n").getBytes(StandardCharsets.UTF_8)));
    } else if (node.target != null) {
      sha256.update(node.target.getBytes(StandardCharsets.UTF_8));
    } else {
      sha256.update(node.bytes, 0, node.size);
    }
    String digest = (node.directory ? "d" : "f") + HexFormat.of().formatHex(sha256.digest());
    node.digest = digest;
    return digest;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Makes a real directory of it, in place of all that is there. */
  void materialise(Path place) throws IOException {
    clear(place);
    materialise(ROOT, place);
  }

  private void materialise(int number, Path place) throws IOException {
    for (Map.Entry<String, Integer> entry : node(number).names.entrySet()) {
      Path path = place.resolve(entry.getKey());
      Node node = node(entry.getValue());
      if (node.directory) {
        Files.createDirectory(path);
        materialise(entry.getValue(), path);
      } else if (node.target != null) {
        Files.createSymbolicLink(path, Path.of(node.target));
      } else {
        Files.write(path, content(entry.getValue()));
      }
    }
  }

  static void clear(Path place) throws IOException {
    Files.walkFileTree(
        place,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
              throws IOException {
            // A tree may have directories that nobody may write to, not even their owner.
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failed)
              throws IOException {
            if (!directory.equals(place)) {
              Files.delete(directory);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
