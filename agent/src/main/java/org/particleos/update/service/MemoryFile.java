package org.particleos.update.service;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.particleos.update.failure.Quote;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.update.Machine;

/**
 * Keeps a {@link Memory} in {@code agent.json}. Written as a whole under another name, made durable
 * and renamed. A file that is damaged is set aside, and the daemon begins anew. Used by one thread
 * at a time.
 */
final class MemoryFile {
  private static final String NAME = "agent.json";
  private static final String PARTIAL = "agent.json.new";
  private static final String DAMAGED = "agent.json.damaged";

  /** Some hundred bytes for each component. */
  private static final int BYTES_MAX = 1 << 20;

  private static final int DIRECTORY_MODE = 0755;
  private static final int FILE_MODE = 0644;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Kernel kernel;
  private final Path directory;
  private final Consumer<String> warning;
  private boolean complained;

  MemoryFile(Machine machine, Consumer<String> warning) {
    this.kernel = machine.kernel();
    this.directory = directory(machine);
    this.warning = warning;
  }

  /** Where this program keeps what it knows, as a path of this machine. */
  static Path directory(Machine machine) {
    return machine.root().resolve(Path.of("/").relativize(machine.ownStateDirectory()));
  }

  Memory read() {
    Path file = directory.resolve(NAME);
    try {
      Optional<byte[]> content = content(file);
      if (content.isEmpty()) {
        return Memory.EMPTY;
      }
      return Memory.of(JSON.readTree(content.get()));
    } catch (JsonProcessingException | IllegalArgumentException e) {
      setAside(file, String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
    } catch (IOException e) {
      warning.accept("what is known from earlier cannot be read: " + e.getMessage());
    }
    return Memory.EMPTY;
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

  private void setAside(Path file, String why) {
    String what = Quote.quote(file.toString()) + " is damaged (" + Quote.quote(why) + ")";
    try {
      kernel.rename(file, directory.resolve(DAMAGED));
      warning.accept(
          what + "; it is kept as " + DAMAGED + ", and checks, failures and a hold are forgotten");
    } catch (IOException e) {
      warning.accept(what + " and cannot be set aside: " + e.getMessage());
    }
  }

  /** What cannot be written is told once and costs a check too many after the next start. */
  void write(Memory memory) {
    try {
      makeDirectory(directory);
      byte[] content = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(memory.json());
      var bytes = ByteBuffer.allocateDirect(content.length).put(content).flip();
      Path partial = directory.resolve(PARTIAL);
      var flags = Set.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.TRUNCATE, OpenFlag.NO_FOLLOW);
      try (var file = kernel.open(partial, flags)) {
        kernel.changeMode(partial, FILE_MODE);
        file.write(bytes, 0);
        file.sync();
      }
      kernel.rename(partial, directory.resolve(NAME));
      kernel.syncDirectory(directory);
      complained = false;
    } catch (IOException e) {
      if (!complained) {
        warning.accept("what is to be remembered cannot be written: " + e.getMessage());
        complained = true;
      }
    }
  }

  private void makeDirectory(Path path) throws IOException {
    if (kernel.statusFollowing(path).isEmpty()) {
      var parent = path.getParent();
      if (parent != null) {
        makeDirectory(parent);
      }
      kernel.makeDirectory(path, DIRECTORY_MODE);
    }
  }
}
