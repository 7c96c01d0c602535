package org.particleos.update.linux;

import java.io.IOException;

/** A system call failed. Carries the error number, so that callers never parse the text. */
public final class LinuxException extends IOException {
  private final int errno;
  private final String call;

  public LinuxException(int errno, String call, String subject, String description) {
    super(call + " " + subject + ": " + description);
    this.errno = errno;
    this.call = call;
  }

  /** The name of the system call. */
  public String call() {
    return call;
  }

  /** The Linux error number, positive. */
  public int errno() {
    return errno;
  }

  public boolean is(org.particleos.update.failure.Errno expected) {
    return errno == expected.number();
  }
}
