package org.particleos.update.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.particleos.update.failure.Errno;

/**
 * One end of a connection, which the other end made. Descriptors that the other end sends along are
 * closed by the kernel, since nobody takes them.
 */
public final class UnixConnection extends UnixSocket {
  private static final int SO_PEERCRED = 17;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;

  /** {@code struct ucred}: process, user, group. */
  private static final int CREDENTIALS_BYTES = 3 * Integer.BYTES;

  /** The start time is field 22 of proc_pid_stat(5), the 20th behind the name. */
  private static final int START_TIME_BEHIND_NAME = 19;

  /**
   * Who connected, as the kernel noted it then.
   *
   * @param process 0 if it is not visible from here
   * @param startTime of the process, in clock ticks since boot; empty if it is gone already
   */
  public record Peer(long process, long user, OptionalLong startTime) {}

  private final Peer peer;

  private UnixConnection(String subject, int descriptor, Peer peer) {
    super(subject, descriptor);
    this.peer = peer;
  }

  /** Closes the descriptor if it fails. */
  static UnixConnection of(String subject, int descriptor) throws IOException {
    try (var credentials = new Memory(CREDENTIALS_BYTES);
        var length = new Memory(Integer.BYTES)) {
      credentials.clear();
      length.setInt(0, CREDENTIALS_BYTES);
      LinuxKernel.check(
          "getsockopt",
          subject,
          () ->
              LibC.getsockopt(
                  descriptor,
                  SOL_SOCKET,
                  SO_PEERCRED,
                  Pointer.nativeValue(credentials),
                  Pointer.nativeValue(length)));
      long process = Integer.toUnsignedLong(credentials.getInt(0));
      long user = Integer.toUnsignedLong(credentials.getInt(Integer.BYTES));
      return new UnixConnection(
          subject, descriptor, new Peer(process, user, startTime(Path.of("/proc"), process)));
    } catch (IOException | RuntimeException | Error failed) {
      LinuxKernel.LibC.close(descriptor);
      throw failed;
    }
  }

  /** The name, which may hold anything, ends with the last parenthesis. */
  static OptionalLong startTime(Path proc, long process) {
    try {
      String stat =
          Files.readString(
              proc.resolve(Long.toString(process)).resolve("stat"), StandardCharsets.ISO_8859_1);
      String[] behindName = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return OptionalLong.of(Long.parseLong(behindName[START_TIME_BEHIND_NAME]));
    } catch (IOException | IndexOutOfBoundsException | NumberFormatException _) {
      return OptionalLong.empty();
    }
  }

  public Peer peer() {
    return peer;
  }

  /** The user that this process acts as. */
  public static long ownUser() {
    return Integer.toUnsignedLong(LibC.geteuid());
  }

  /**
   * Takes what has arrived.
   *
   * @return how many bytes; 0 if there is nothing now, -1 if there will never be more
   */
  public int read(byte[] buffer) throws IOException {
    try {
      int count =
          (int)
              LinuxKernel.check(
                  "recv",
                  subject,
                  () -> LibC.recv(descriptor(), buffer, buffer.length, MSG_DONTWAIT));
      return count == 0 ? -1 : count;
    } catch (LinuxException failed) {
      if (failed.is(Errno.EAGAIN)) {
        return 0;
      }
      throw failed;
    }
  }

  /**
   * Sends as much as there is room for.
   *
   * @return how many bytes, may be 0
   */
  public int write(byte[] bytes) throws IOException {
    try {
      return (int)
          LinuxKernel.check(
              "send",
              subject,
              () -> LibC.send(descriptor(), bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL));
    } catch (LinuxException failed) {
      if (failed.is(Errno.EAGAIN)) {
        return 0;
      }
      throw failed;
    }
  }
}
