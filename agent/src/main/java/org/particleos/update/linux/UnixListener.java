package org.particleos.update.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.particleos.update.failure.Errno;

/** A socket that others connect to. */
public final class UnixListener extends UnixSocket {
  private static final int SO_TYPE = 3;
  private static final int SO_ACCEPTCONN = 30;
  private static final int SO_DOMAIN = 39;
  private static final int F_SETFD = 2;
  private static final int F_GETFL = 3;
  private static final int F_SETFL = 4;
  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final int FD_CLOEXEC = 1;
  private static final int O_NONBLOCK = 0x800;
  private static final int AT_FDCWD = -100;
  private static final int ECONNABORTED = 103;

  /** Those that wait until they are accepted, which takes no longer than a round of the server. */
  private static final int BACKLOG = 128;

  private UnixListener(String subject, int descriptor) {
    super(subject, descriptor);
  }

  /**
   * Makes a socket at this path, where nothing may be yet.
   *
   * @param mode who may connect: whoever may write
   */
  public static UnixListener bind(Path path, int mode) throws IOException {
    byte[] address = UnixAddress.of(path.toString());
    String subject = LinuxKernel.subject(path);
    int descriptor =
        (int)
            LinuxKernel.check(
                "socket",
                subject,
                () ->
                    LibC.socket(
                        UnixAddress.AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    var listener = new UnixListener(subject, descriptor);
    try {
      LinuxKernel.check("bind", subject, () -> LibC.bind(descriptor, address, address.length));
      // Before anybody can connect.
      byte[] name = LinuxKernel.name(path);
      LinuxKernel.check(
          "fchmodat", subject, () -> LinuxKernel.LibC.fchmodat(AT_FDCWD, name, mode, 0));
      LinuxKernel.check("listen", subject, () -> LibC.listen(descriptor, BACKLOG));
      return listener;
    } catch (IOException | RuntimeException | Error failed) {
      listener.close();
      throw failed;
    }
  }

  /**
   * Takes a socket that this process was started with (sd_listen_fds(3)). What is passed stays
   * open, so that it can be taken again after this was closed.
   *
   * @throws IOException if there is no such descriptor, or it is no listening socket of this kind
   */
  public static UnixListener passed(int descriptor) throws IOException {
    String subject = "descriptor " + descriptor;
    boolean fits =
        option(descriptor, subject, SO_DOMAIN) == UnixAddress.AF_UNIX
            && option(descriptor, subject, SO_TYPE) == SOCK_STREAM
            && option(descriptor, subject, SO_ACCEPTCONN) != 0;
    if (!fits) {
      throw new IOException(
          subject + " is no stream socket of the Unix family that waits for connections");
    }
    // Neither is for programs that are started from here.
    LinuxKernel.check("fcntl", subject, () -> LibC.fcntl(descriptor, F_SETFD, FD_CLOEXEC));
    int own =
        (int)
            LinuxKernel.check(
                "fcntl", subject, () -> LibC.fcntl(descriptor, F_DUPFD_CLOEXEC, descriptor));
    var listener = new UnixListener(subject, own);
    try {
      int flags = (int) LinuxKernel.check("fcntl", subject, () -> LibC.fcntl(own, F_GETFL, 0));
      LinuxKernel.check("fcntl", subject, () -> LibC.fcntl(own, F_SETFL, flags | O_NONBLOCK));
      return listener;
    } catch (IOException | RuntimeException | Error failed) {
      listener.close();
      throw failed;
    }
  }

  private static int option(int descriptor, String subject, int option) throws IOException {
    try (var value = new Memory(Integer.BYTES);
        var length = new Memory(Integer.BYTES)) {
      value.setInt(0, 0);
      length.setInt(0, Integer.BYTES);
      LinuxKernel.check(
          "getsockopt",
          subject,
          () ->
              LibC.getsockopt(
                  descriptor,
                  SOL_SOCKET,
                  option,
                  Pointer.nativeValue(value),
                  Pointer.nativeValue(length)));
      return value.getInt(0);
    }
  }

  /**
   * The next one that connected; empty if there is none now.
   *
   * @throws IOException also if this process is out of descriptors or memory; then {@link Poll}
   *     goes on to say that somebody waits
   */
  public Optional<UnixConnection> accept() throws IOException {
    try {
      int descriptor =
          (int)
              LinuxKernel.check(
                  "accept4",
                  subject,
                  () -> LibC.accept4(descriptor(), 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC));
      return Optional.of(UnixConnection.of("client of " + subject, descriptor));
    } catch (LinuxException failed) {
      if (failed.is(Errno.EAGAIN) || failed.errno() == ECONNABORTED) {
        return Optional.empty();
      }
      throw failed;
    }
  }
}
