package org.particleos.update.update;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.OpenFile;

/**
 * A lock between processes: a file that the kernel keeps locked for the one that holds it, and that
 * says who that is. The kernel drops the lock of a process that dies. The file stays: removing a
 * lock file is a race.
 */
public final class LockFile implements AutoCloseable {
  private static final int HOLDER_BYTES_MAX = 256;

  private final OpenFile file;

  private LockFile(OpenFile file) {
    this.file = file;
  }

  /** What came of trying to take it. */
  public sealed interface Attempt {
    /** It is ours until it is closed. */
    record Taken(LockFile lock) implements Attempt {}

    /**
     * Another process has it.
     *
     * @param holder what that process says of itself; empty if it says nothing
     */
    record Held(String holder) implements Attempt {}
  }

  /**
   * Takes it if it is free; waits for nobody. Makes the directory of it if that is missing.
   *
   * @param holder what a process that comes later is told about this one
   */
  public static Attempt take(Kernel kernel, Path path, String holder) throws IOException {
    Path directory = path.getParent();
    if (directory != null) {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    OpenFile file =
        kernel.open(
            path, EnumSet.of(OpenFlag.READ, OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.NO_FOLLOW));
    try {
      if (!file.tryLock(OpenFile.LockMode.EXCLUSIVE)) {
        String other = read(file);
        file.close();
        return new Attempt.Held(other);
      }
      byte[] text = holder.getBytes(StandardCharsets.UTF_8);
      ByteBuffer buffer = ByteBuffer.allocateDirect(text.length).put(text).flip();
      file.truncate(0);
      file.write(buffer, 0);
      return new Attempt.Taken(new LockFile(file));
    } catch (IOException | RuntimeException | Error failed) {
      try {
        file.close();
      } catch (IOException e) {
        failed.addSuppressed(e);
      }
      throw failed;
    }
  }

  private static String read(OpenFile file) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(HOLDER_BYTES_MAX);
    file.read(buffer, 0);
    buffer.flip();
    return StandardCharsets.UTF_8.decode(buffer).toString().replaceAll("\\p{Cntrl}", " ").trim();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
