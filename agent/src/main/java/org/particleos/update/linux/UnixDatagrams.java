package org.particleos.update.linux;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;

/**
 * A socket that sends datagrams to one Unix socket address (unix(7)), which Java's own channels
 * cannot. Whoever opened it closes it. Safe for use by several threads.
 */
public final class UnixDatagrams implements AutoCloseable {
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_SNDTIMEO = 21;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int CLOSED = -1;

  private final String subject;
  private final byte[] address;
  private final AtomicInteger descriptor;

  private UnixDatagrams(String subject, byte[] address, int descriptor) {
    this.subject = subject;
    this.address = address;
    this.descriptor = new AtomicInteger(descriptor);
  }

  /**
   * A socket for this address. Nobody needs to listen there yet.
   *
   * @param name an absolute path, or an abstract name after {@code @}
   * @param waitMillis how long a send may wait for room in the receiver's queue, positive
   * @throws IOException if the name is no such address or there is no socket to be had
   */
  public static UnixDatagrams to(String name, int waitMillis) throws IOException {
    byte[] address = UnixAddress.of(name);
    var subject = Quote.quote(name);
    int descriptor =
        (int)
            LinuxKernel.check(
                "socket",
                subject,
                () -> LibC.socket(UnixAddress.AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    var socket = new UnixDatagrams(subject, address, descriptor);
    try {
      var wait = new Memory(2L * Long.BYTES);
      wait.setLong(0, waitMillis / TimeUnit.SECONDS.toMillis(1));
      wait.setLong(
          Long.BYTES, TimeUnit.MILLISECONDS.toMicros(waitMillis % TimeUnit.SECONDS.toMillis(1)));
      LinuxKernel.check(
          "setsockopt",
          subject,
          () ->
              LibC.setsockopt(
                  descriptor,
                  SOL_SOCKET,
                  SO_SNDTIMEO,
                  Pointer.nativeValue(wait),
                  (int) wait.size()));
      return socket;
    } catch (IOException | RuntimeException | Error failed) {
      socket.close();
      throw failed;
    }
  }

  /**
   * Sends one datagram. Nobody is killed by SIGPIPE.
   *
   * @param wait whether to wait for room as long as was said when this was opened
   * @return false if the receiver's queue stayed full
   */
  public boolean send(byte[] message, boolean wait) throws IOException {
    int flags = MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT);
    try {
      LinuxKernel.check(
          "sendto",
          subject,
          () ->
              LibC.sendto(
                  descriptor.get(), message, message.length, flags, address, address.length));
      return true;
    } catch (LinuxException failed) {
      if (failed.is(Errno.EAGAIN)) {
        return false;
      }
      throw failed;
    }
  }

  /** A second call does nothing. */
  @Override
  public void close() {
    int closing = descriptor.getAndSet(CLOSED);
    if (closing != CLOSED) {
      // A datagram is delivered or refused when it is sent; closing has nothing to report.
      LinuxKernel.LibC.close(closing);
    }
  }

  private static final class LibC {
    static {
      Native.register(LibC.class, NativeLibrary.getProcess());
    }

    private LibC() {}

    static native int socket(int domain, int type, int protocol);

    static native int setsockopt(int descriptor, int level, int option, long value, int length);

    static native long sendto(
        int descriptor, byte[] message, long length, int flags, byte[] address, int addressLength);
  }
}
