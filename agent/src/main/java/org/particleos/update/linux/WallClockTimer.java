package org.particleos.update.linux;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.time.Instant;
import org.particleos.update.failure.Errno;

/**
 * A timer of the kernel by the wall clock (timerfd_create(2)), which Java's own waits are not:
 * those stand still while the machine sleeps, and know nothing of a clock that is set. Nothing
 * wakes up before the time has come.
 *
 * <p>One thread waits, others set it. Whoever opened it closes it; that ends the wait.
 */
public final class WallClockTimer implements AutoCloseable {
  private static final int CLOCK_REALTIME = 0;
  private static final int TFD_CLOEXEC = 0x80000;
  private static final int TFD_TIMER_ABSTIME = 1;
  private static final int TFD_TIMER_CANCEL_ON_SET = 2;
  private static final String SUBJECT = "the timer";

  /** The year 9999: a timer that is not set would not hear of the clock. */
  private static final long NEVER_SECONDS = 253_402_300_799L;

  private final int descriptor;
  private boolean closing;
  private boolean waiting;
  private boolean closed;

  private WallClockTimer(int descriptor) {
    this.descriptor = descriptor;
  }

  /** One that is not set. */
  public static WallClockTimer open() throws IOException {
    int descriptor =
        (int)
            LinuxKernel.check(
                "timerfd_create", SUBJECT, () -> LibC.timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC));
    var timer = new WallClockTimer(descriptor);
    try {
      timer.off();
      return timer;
    } catch (IOException | RuntimeException | Error failed) {
      timer.close();
      throw failed;
    }
  }

  /** Ends the wait then, or at once if that is past; instead of what was set before. */
  public void at(Instant when) throws IOException {
    long seconds = Math.clamp(when.getEpochSecond(), 0, NEVER_SECONDS);
    // Nothing at all would mean never.
    set(seconds, seconds == 0 ? 1 : when.getNano());
  }

  /** Ends the wait only when the clock is set or the machine wakes up. */
  public void off() throws IOException {
    set(NEVER_SECONDS, 0);
  }

  private synchronized void set(long seconds, long nanos) throws IOException {
    if (closing) {
      return;
    }
    setNow(seconds, nanos);
  }

  private void setNow(long seconds, long nanos) throws IOException {
    var specification = new Memory(4L * Long.BYTES); // struct itimerspec, interval first
    specification.clear();
    specification.setLong(2L * Long.BYTES, seconds);
    specification.setLong(3L * Long.BYTES, nanos);
    LinuxKernel.check(
        "timerfd_settime",
        SUBJECT,
        () ->
            LibC.timerfd_settime(
                descriptor,
                TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
                Pointer.nativeValue(specification),
                0));
  }

  /**
   * Waits until the time has come, somebody sets the clock, or the machine wakes up from sleep.
   *
   * @return false if this was closed instead
   */
  public boolean await() throws IOException {
    synchronized (this) {
      if (closing) {
        return false;
      }
      waiting = true;
    }
    try {
      var expirations = new Memory(Long.BYTES);
      LinuxKernel.check(
          "read",
          SUBJECT,
          () -> LibC.read(descriptor, Pointer.nativeValue(expirations), expirations.size()));
    } catch (LinuxException e) {
      if (!e.is(Errno.ECANCELED)) {
        throw e;
      }
    } finally {
      synchronized (this) {
        waiting = false;
        if (closing) {
          closeNow();
        }
      }
    }
    synchronized (this) {
      return !closing;
    }
  }

  /** A second call does nothing. */
  @Override
  public synchronized void close() {
    if (closing) {
      return;
    }
    closing = true;
    if (!waiting) {
      closeNow();
      return;
    }
    try {
      // Closing a descriptor does not wake up who reads from it: the reader closes it.
      setNow(0, 1);
    } catch (IOException e) {
      throw new IllegalStateException("a timer can be set", e);
    }
  }

  private void closeNow() {
    if (!closed) {
      closed = true;
      LinuxKernel.LibC.close(descriptor);
    }
  }

  private static final class LibC {
    static {
      Native.register(LibC.class, NativeLibrary.getProcess());
    }

    private LibC() {}

    static native int timerfd_create(int clock, int flags);

    static native int timerfd_settime(int descriptor, int flags, long newValue, long oldValue);

    static native long read(int descriptor, long buffer, long count);
  }
}
