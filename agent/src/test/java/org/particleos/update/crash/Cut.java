package org.particleos.update.crash;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** A machine that a power cut has left. */
public final class Cut {
  private final String description;
  private final Storage storage;

  Cut(String description, Storage storage) {
    this.description = description;
    this.storage = storage;
  }

  /** Which cut of which recording it is. */
  @Override
  public String toString() {
    return description;
  }

  /** What the file holds; empty if there is none. */
  public Optional<byte[]> file(String path) {
    int node = storage.find(path);
    return node == Storage.NOTHING || storage.isDirectory(node) || storage.target(node).isPresent()
        ? Optional.empty()
        : Optional.of(storage.content(node));
  }

  /** Where the link leads; empty if there is none. */
  public Optional<String> link(String path) {
    int node = storage.find(path);
    return node == Storage.NOTHING ? Optional.empty() : storage.target(node);
  }

  /** The names in a directory; none if there is no such directory. */
  public Set<String> names(String path) {
    int directory = storage.find(path);
    return directory == Storage.NOTHING ? Set.of() : storage.names(directory);
  }

  /** The files of a directory by name; none if there is no such directory. */
  public Map<String, byte[]> files(String path) {
    Map<String, byte[]> files = new TreeMap<>();
    int directory = storage.find(path);
    if (directory != Storage.NOTHING) {
      for (String name : storage.names(directory)) {
        file(path + "/" + name).ifPresent(bytes -> files.put(name, bytes));
      }
    }
    return files;
  }

  /**
   * Every file and link below a directory (the empty path is all), as text that is the same for the
   * same content.
   */
  public Map<String, String> tree(String path) {
    Map<String, String> all = new TreeMap<>();
    collect(path.isEmpty() ? Storage.ROOT : storage.find(path), "", all);
    return all;
  }

  private void collect(int node, String at, Map<String, String> all) {
    if (node == Storage.NOTHING) {
      return;
    }
    if (!storage.isDirectory(node)) {
      all.put(at, storage.fingerprint(node));
      return;
    }
    for (String name : storage.names(node)) {
      collect(storage.find(node, name), at + "/" + name, all);
    }
  }

  String fingerprint() {
    return storage.fingerprint();
  }

  /** Makes the directory that machine, in place of what is there. */
  public void materialise(Path home) throws IOException {
    storage.materialise(home);
  }
}
