package org.particleos.update.linux;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/** What becomes of signals (signal(2)). */
public final class Signals {
  private static final int SIGINT = 2;
  private static final long SIG_DFL = 0;

  private Signals() {}

  /** From now on whoever presses Ctrl-C ends the process at once, whatever it is doing. */
  public static void endAtOnceWhenInterrupted() {
    LibC.signal(SIGINT, SIG_DFL);
  }

  /** Addresses are passed as {@code long}, which is right on 64 bit. */
  private static final class LibC {
    static {
      Native.register(LibC.class, NativeLibrary.getProcess());
    }

    private LibC() {}

    static native long signal(int number, long handler);
  }
}
