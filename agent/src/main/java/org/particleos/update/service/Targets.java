package org.particleos.update.service;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.particleos.update.definition.SafeName;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.ComponentList;
import org.particleos.update.update.Machine;
import org.particleos.update.update.UpdateEvent;

/**
 * What there is to keep up to date (dbus-varlink.md 3.2). Found when first asked for and kept until
 * {@link #forget}. Safe for use by several threads.
 *
 * <p>Deviation: P-04, an image that cannot be looked into is left out with a warning, and the
 * others are listed.
 */
public final class Targets {
  /** More images of one class are not looked at. */
  static final int IMAGES_MAX = 1024;

  /** Below the updates of the reference in their making lie beside the images. */
  private static final String UNFINISHED = ".sysupdate.";

  /** Looks into disk images, which takes a process of its own. */
  public interface ImageQuestion {
    /** Whether there are transfers of a default component inside. */
    boolean holdsDefaultComponent(Path image) throws IOException, InterruptedException;
  }

  /** An image file as it was when somebody looked into it. */
  private record Look(Path image, long sizeBytes, long modifiedMillis) {}

  private final Machine machine;
  private final ImageQuestion images;
  private final Consumer<String> warning;
  private final Map<Look, Boolean> looks = new ConcurrentHashMap<>();

  /** Counts how often everything was forgotten. */
  private final AtomicLong forgotten = new AtomicLong();

  /** Held by whoever looks, which takes as long as the workers that look into images. */
  private final ReentrantLock looking = new ReentrantLock();

  private volatile @Nullable Known known;

  /** What was found, and how much had been forgotten before that. */
  private record Known(List<ServedTarget> targets, long forgotten) {}

  public Targets(Machine machine, ImageQuestion images, Consumer<String> warning) {
    this.machine = machine;
    this.images = images;
    this.warning = warning;
  }

  /** In the order of their classes, then by name in byte order. */
  public List<ServedTarget> all() throws InterruptedException {
    Optional<List<ServedTarget>> found = upToDate();
    if (found.isPresent()) {
      return found.get();
    }
    looking.lockInterruptibly();
    try {
      found = upToDate(); // somebody else has looked meanwhile
      if (found.isPresent()) {
        return found.get();
      }
      long before = forgotten.get();
      List<ServedTarget> targets = discover();
      known = new Known(targets, before);
      return targets;
    } finally {
      looking.unlock();
    }
  }

  private Optional<List<ServedTarget>> upToDate() {
    return Optional.ofNullable(known)
        .filter(found -> found.forgotten() == forgotten.get())
        .map(Known::targets);
  }

  public Optional<ServedTarget> find(TargetId id) throws InterruptedException {
    return all().stream().filter(target -> target.id().equals(id)).findFirst();
  }

  /**
   * What is new since is found the next time somebody asks. Does not wait for anybody who looks
   * just now; what they find counts for them only.
   */
  public void forget() {
    forgotten.incrementAndGet();
  }

  private List<ServedTarget> discover() throws InterruptedException {
    List<ServedTarget> found = new ArrayList<>();
    for (TargetClass kind : TargetClass.values()) {
      switch (kind) {
        case HOST -> host().ifPresent(found::add);
        case COMPONENT -> found.addAll(components());
        case MACHINE, PORTABLE, SYSEXT, CONFEXT -> found.addAll(images(kind));
      }
    }
    return List.copyOf(found);
  }

  private UpdateEvent.Observer listener() {
    return event -> {
      if (event instanceof UpdateEvent.Warning(var text)) {
        warning.accept(text);
      }
    };
  }

  private Optional<ServedTarget> host() {
    try {
      if (ComponentList.of(machine, listener()).defaultExists()) {
        return Optional.of(
            new ServedTarget(TargetId.HOST, "sysupdate.d", new ServedTarget.Place.Host()));
      }
    } catch (UpdateException e) {
      warning.accept("left out the target host: " + e.getMessage());
    }
    return Optional.empty();
  }

  private List<ServedTarget> components() {
    return ComponentList.of(machine, listener()).names().stream()
        .filter(SafeName::isComponent)
        .map(name ->
            new ServedTarget(
                TargetId.component(name),
                "sysupdate." + name + ".d",
                new ServedTarget.Place.OfComponent(name)))
        .toList();
  }

  private List<ServedTarget> images(TargetClass kind) throws InterruptedException {
    Map<String, Path> named = new TreeMap<>();
    for (String directory : kind.imageDirectories()) {
      Path path = machine.root().resolve(directory.substring(1));
      try {
        imagesIn(path).forEach(named::putIfAbsent);
      } catch (IOException e) {
        warning.accept(
            "left out " + Quote.quote(path.toString()) + ": reading it failed: " + e.getMessage());
      }
    }
    List<ServedTarget> found = new ArrayList<>();
    for (var image : named.entrySet()) {
      Path path = image.getValue();
      ServedTarget.Place place =
          Files.isDirectory(path)
              ? new ServedTarget.Place.Directory(path)
              : new ServedTarget.Place.Image(path);
      try {
        if (holdsDefaultComponent(place)) {
          found.add(new ServedTarget(new TargetId(kind, image.getKey()), path.toString(), place));
        }
      } catch (IOException | UpdateException e) {
        warning.accept(
            "left out " + kind.text() + " " + Quote.quote(path.toString()) + ": " + e.getMessage());
      }
    }
    return found;
  }

  private boolean holdsDefaultComponent(ServedTarget.Place place)
      throws IOException, UpdateException, InterruptedException {
    return switch (place) {
      case ServedTarget.Place.Directory(var root) ->
          ComponentList.of(machine.below(root), _ -> {}).defaultExists();
      case ServedTarget.Place.Image(var image) -> {
        var look = new Look(image, Files.size(image), Files.getLastModifiedTime(image).toMillis());
        Boolean seen = looks.get(look);
        if (seen == null) {
          seen = images.holdsDefaultComponent(image);
          looks.keySet().removeIf(old -> old.image().equals(image));
          looks.put(look, seen);
        }
        yield seen;
      }
      case ServedTarget.Place.Host(), ServedTarget.Place.OfComponent _ ->
          throw new IllegalStateException("not an image: " + place);
    };
  }

  /** By name; of a name that stands for several the directory, which is what people unpack. */
  private static Map<String, Path> imagesIn(Path directory) throws IOException {
    Map<String, Path> found = new LinkedHashMap<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      int count = 0;
      for (Path entry : entries) {
        if (++count > IMAGES_MAX) {
          break;
        }
        name(entry)
            .ifPresent(name ->
                found.merge(name, entry, (one, other) -> Files.isDirectory(one) ? one : other));
      }
    } catch (NoSuchFileException _) {
      return Map.of();
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return found;
  }

  /** What the image is called; empty if it is none. */
  private static Optional<String> name(Path entry) {
    String file = String.valueOf(entry.getFileName());
    if (file.startsWith(UNFINISHED) || file.startsWith(".")) {
      return Optional.empty(); // .host among them
    }
    if (Files.isDirectory(entry)) {
      boolean stack = file.endsWith(".mstack") || file.endsWith(".v");
      return stack || isRoot(entry) ? Optional.empty() : Optional.of(file);
    }
    if (Files.isRegularFile(entry)) {
      return file.endsWith(".raw") && file.length() > ".raw".length()
          ? Optional.of(file.substring(0, file.length() - ".raw".length()))
          : Optional.empty();
    }
    return Files.exists(entry) ? Optional.of(file) : Optional.empty(); // a block device
  }

  private static boolean isRoot(Path entry) {
    try {
      return Files.isSameFile(entry, Path.of("/"));
    } catch (IOException _) {
      return false;
    }
  }
}
