package org.particleos.update.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Waits until something can be done with one of several sockets (poll(2)). Uses no processor time
 * meanwhile. One thread waits; it should be no virtual one, which would hold its carrier. Any
 * thread may {@link #wake} it.
 */
public final class Poll implements AutoCloseable {
  private static final short POLLIN = 0x001;
  private static final short POLLOUT = 0x004;
  private static final short POLLERR = 0x008;
  private static final short POLLHUP = 0x010;
  private static final short POLLNVAL = 0x020;
  private static final int EFD_NONBLOCK = 0x800;
  private static final int EFD_CLOEXEC = 0x80000;
  private static final int COUNTER_BYTES = Long.BYTES;

  /** {@code struct pollfd}: descriptor 4, events 2, what happened 2. */
  private static final int ENTRY_BYTES = 8;

  private static final int EVENTS = 4;
  private static final int HAPPENED = 6;

  /** What is waited for. That the other end is gone altogether is told in any case. */
  public record Interest(UnixSocket socket, boolean read, boolean write) {}

  /**
   * What can be done now.
   *
   * @param gone nobody is there any more, to send or to receive
   */
  public record Ready(UnixSocket socket, boolean read, boolean write, boolean gone) {}

  private final int waker;
  private boolean closed;

  public Poll() throws IOException {
    waker =
        (int)
            LinuxKernel.check(
                "eventfd", "", () -> UnixSocket.LibC.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  }

  /**
   * Waits for the first of them, a {@link #wake} or the end of the time.
   *
   * @param timeoutMillis negative for as long as it takes
   * @return those that are ready; none after the other reasons
   */
  public List<Ready> await(List<Interest> interests, int timeoutMillis) throws IOException {
    int count = interests.size() + 1;
    try (var entries = new Memory((long) count * ENTRY_BYTES)) {
      entries.clear();
      entries.setInt(0, waker);
      entries.setShort(EVENTS, POLLIN);
      for (int i = 0; i < interests.size(); i++) {
        Interest interest = interests.get(i);
        long entry = (i + 1L) * ENTRY_BYTES;
        int events = (interest.read() ? POLLIN : 0) | (interest.write() ? POLLOUT : 0);
        entries.setInt(entry, interest.socket().descriptor());
        entries.setShort(entry + EVENTS, (short) events);
      }
      LinuxKernel.check(
          "poll",
          "",
          () -> UnixSocket.LibC.poll(Pointer.nativeValue(entries), count, timeoutMillis));
      if (entries.getShort(HAPPENED) != 0) {
        byte[] counter = new byte[COUNTER_BYTES];
        UnixSocket.LibC.read(waker, counter, COUNTER_BYTES); // back to zero
      }
      List<Ready> ready = new ArrayList<>();
      for (int i = 0; i < interests.size(); i++) {
        int happened = entries.getShort((i + 1L) * ENTRY_BYTES + HAPPENED);
        if (happened != 0) {
          ready.add(
              new Ready(
                  interests.get(i).socket(),
                  (happened & POLLIN) != 0,
                  (happened & POLLOUT) != 0,
                  (happened & (POLLHUP | POLLERR | POLLNVAL)) != 0));
        }
      }
      return ready;
    }
  }

  /** Ends the wait that is under way, or the next one. */
  public synchronized void wake() {
    if (!closed) {
      byte[] one = new byte[COUNTER_BYTES];
      one[0] = 1; // any number but zero does, whatever the order of bytes
      UnixSocket.LibC.write(waker, one, COUNTER_BYTES);
    }
  }

  /** After the last wait. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      LinuxKernel.LibC.close(waker);
    }
  }
}
