package org.particleos.update.state;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.linux.Chase;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.OpenFile;

/**
 * A small file of JSON in the folder where this program keeps its state. Written as a whole under
 * another name, made durable and renamed: after a crash there is the old or the new one. A file
 * that is damaged is set aside with a warning, and what was in it is forgotten; it never keeps the
 * program from working.
 *
 * @param <T> what is in it
 */
public final class StateFile<T> {
  /** Some hundred bytes for each version or component. */
  private static final int BYTES_MAX = 1 << 20;

  /** Somebody holds the lock for the time of one fsync. */
  private static final long LOCK_MILLIS_MAX = 5_000;

  private static final int DIRECTORY_MODE = 0755;
  private static final int FILE_MODE = 0644;

  /** Set up only where there is something to read or to write, since that takes its time. */
  private static final class Json {
    static final ObjectMapper MAPPER = new ObjectMapper();
  }

  /**
   * What the file holds.
   *
   * @param empty what is known without it
   * @param read throws {@link IllegalArgumentException} for what is not well-formed
   * @param loss what is forgotten with it, as a clause
   */
  public record Format<T>(
      T empty, Function<JsonNode, T> read, Function<T, JsonNode> write, String loss) {}

  private final Kernel kernel;
  private final Path root;
  private final Path inside;
  private final String name;
  private final Format<T> format;

  /**
   * One file of one system.
   *
   * @param root of the system, {@code /} for the running one
   * @param directory where this program keeps its state, absolute inside the root
   */
  public StateFile(Kernel kernel, Path root, Path directory, String name, Format<T> format) {
    this.kernel = kernel;
    this.root = root;
    this.inside = Path.of("/").relativize(directory);
    this.name = name;
    this.format = format;
  }

  private Path directory() throws IOException {
    return Chase.below(kernel, root, inside, Chase.Links.FOLLOW);
  }

  /** What is in it; what there is without it if it is missing, damaged or cannot be read. */
  public T read(Consumer<String> warning) {
    Path file;
    try {
      file = directory().resolve(name);
    } catch (IOException e) {
      warning.accept(Quote.quote(name) + " cannot be read: " + e.getMessage());
      return format.empty();
    }
    try {
      Optional<byte[]> content = content(file);
      if (content.isPresent()) {
        return format.read().apply(Json.MAPPER.readTree(content.get()));
      }
    } catch (JsonProcessingException | IllegalArgumentException e) {
      setAside(file, String.valueOf(e.getMessage()).lines().findFirst().orElse(""), warning);
    } catch (IOException e) {
      warning.accept(Quote.quote(file.toString()) + " cannot be read: " + e.getMessage());
    }
    return format.empty();
  }

  private Optional<byte[]> content(Path file) throws IOException {
    var status = kernel.status(file);
    if (status.isEmpty()) {
      return Optional.empty();
    }
    if (status.get().kind() != FileKind.REGULAR || status.get().sizeBytes() > BYTES_MAX) {
      throw new IllegalArgumentException("it is no file of a usual size");
    }
    var bytes = ByteBuffer.allocateDirect((int) Math.max(1, status.get().sizeBytes()));
    try (var open = kernel.open(file, Set.of(OpenFlag.READ, OpenFlag.NO_FOLLOW))) {
      open.read(bytes, 0);
    }
    var content = new byte[bytes.flip().remaining()];
    bytes.get(content);
    return Optional.of(content);
  }

  private void setAside(Path file, String why, Consumer<String> warning) {
    String what = Quote.quote(file.toString()) + " is damaged (" + Quote.quote(why) + ")";
    String aside = name + ".damaged";
    try {
      kernel.rename(file, file.resolveSibling(aside));
      warning.accept(what + "; it is kept as " + aside + ", and " + format.loss());
    } catch (IOException e) {
      warning.accept(what + " and cannot be set aside: " + e.getMessage());
    }
  }

  /** Replaces it. */
  public void write(T value) throws IOException {
    Path directory = directory();
    makeDirectory(directory);
    byte[] content =
        Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(format.write().apply(value));
    var bytes = ByteBuffer.allocateDirect(content.length).put(content).flip();
    Path partial = directory.resolve(name + ".new");
    var flags = Set.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.TRUNCATE, OpenFlag.NO_FOLLOW);
    try (var file = kernel.open(partial, flags)) {
      kernel.changeMode(partial, FILE_MODE);
      file.write(bytes, 0);
      file.sync();
    }
    kernel.rename(partial, directory.resolve(name));
    kernel.syncDirectory(directory);
  }

  /**
   * Changes it while no other process does; nothing is written if nothing changes.
   *
   * @return what is in it then
   */
  public T update(UnaryOperator<T> change, Consumer<String> warning) throws IOException {
    Path directory = directory();
    makeDirectory(directory);
    try (OpenFile lock =
        kernel.open(
            directory.resolve(name + ".lock"),
            EnumSet.of(OpenFlag.READ, OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.NO_FOLLOW))) {
      if (!lock.lock(OpenFile.LockMode.EXCLUSIVE, LOCK_MILLIS_MAX)) {
        throw new IOException("another process keeps " + Quote.quote(name) + " locked");
      }
      T before = read(warning);
      T after = change.apply(before);
      if (!after.equals(before)) {
        write(after);
      }
      return after;
    }
  }

  private void makeDirectory(Path path) throws IOException {
    if (kernel.statusFollowing(path).isPresent()) {
      return;
    }
    var parent = path.getParent();
    if (parent != null) {
      makeDirectory(parent);
    }
    try {
      kernel.makeDirectory(path, DIRECTORY_MODE);
    } catch (LinuxException e) {
      if (!e.is(Errno.EEXIST)) { // somebody else made it meanwhile
        throw e;
      }
    }
  }
}
