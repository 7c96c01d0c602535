package org.particleos.update.linux;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * A stream socket of the Unix family (unix(7)) that never waits; {@link Poll} does. Java's own
 * channels cannot take over a socket that the service manager made ({@code System.inheritedChannel}
 * knows only descriptor 0, and points output and error stream at {@code /dev/null} besides), and do
 * not tell the process at the other end.
 *
 * <p>Reading, writing and closing is up to one thread, so that nobody uses a descriptor that was
 * closed and stands for something else by now.
 */
public abstract sealed class UnixSocket implements AutoCloseable
    permits UnixListener, UnixConnection {
  static final int SOCK_STREAM = 1;
  static final int SOCK_NONBLOCK = 0x800;
  static final int SOCK_CLOEXEC = 0x80000;
  static final int SOL_SOCKET = 1;

  private static final int CLOSED = -1;

  final String subject;
  private int descriptor;

  UnixSocket(String subject, int descriptor) {
    this.subject = subject;
    this.descriptor = descriptor;
  }

  /** Negative once it is closed. */
  final int descriptor() {
    return descriptor;
  }

  /** A second call does nothing. */
  @Override
  public void close() {
    if (descriptor != CLOSED) {
      int closing = descriptor;
      descriptor = CLOSED;
      // What the other end has not read by now it can still read; there is nothing to report.
      LinuxKernel.LibC.close(closing);
    }
  }

  /** Addresses are passed as {@code long}, which is right on 64 bit. */
  static final class LibC {
    static {
      Native.register(LibC.class, NativeLibrary.getProcess());
    }

    private LibC() {}

    static native int socket(int domain, int type, int protocol);

    static native int bind(int descriptor, byte[] address, int addressLength);

    static native int listen(int descriptor, int backlog);

    static native int accept4(int descriptor, long address, long addressLength, int flags);

    static native int getsockopt(int descriptor, int level, int option, long value, long length);

    static native int fcntl(int descriptor, int command, int argument);

    static native long recv(int descriptor, byte[] buffer, long length, int flags);

    static native long send(int descriptor, byte[] buffer, long length, int flags);

    static native int poll(long descriptors, long count, int timeoutMillis);

    static native int eventfd(int value, int flags);

    static native long read(int descriptor, byte[] buffer, long length);

    static native long write(int descriptor, byte[] buffer, long length);

    static native int geteuid();
  }
}
