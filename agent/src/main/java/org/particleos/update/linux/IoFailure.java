package org.particleos.update.linux;

import java.io.IOException;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * Tells what a failed system call means for the reader: the error number decides between a missing
 * permission, a full file system, a read-only or busy device, and a device that fails.
 */
public final class IoFailure {
  /** "Disk quota exceeded": for the user as good as a full file system. */
  private static final int EDQUOT = 122;

  private IoFailure() {}

  /**
   * A failure to read. {@code what} is a clause such as {@code "reading the partition table of
   * \"/dev/vda\" failed"}.
   */
  public static UpdateException reading(String what, IOException cause) {
    return of(Reason.READ_FAILED, what, cause);
  }

  /** A failure to write, create, rename or remove. */
  public static UpdateException writing(String what, IOException cause) {
    return of(Reason.WRITE_FAILED, what, cause);
  }

  private static UpdateException of(Reason otherwise, String what, IOException cause) {
    String message = String.valueOf(cause.getMessage());
    if (cause instanceof LinuxException call) {
      // Permission is asked for when a file is opened. What EPERM means for a write is that the
      // block device below it was set read-only.
      if (call.is(Errno.EPERM) && call.call().equals("pwrite")) {
        return readOnly(what, cause);
      }
      if (call.is(Errno.EACCES) || call.is(Errno.EPERM)) {
        return UpdateException.because(Reason.PERMISSION_DENIED, what)
            .found(message)
            .remedy("run it as root, or ask the service to do it")
            .cause(cause)
            .notPermitted();
      }
      if (call.is(Errno.EROFS)) {
        return readOnly(what, cause);
      }
      if (call.is(Errno.ENOSPC) || call.errno() == EDQUOT) {
        return UpdateException.because(Reason.FILE_SYSTEM_FULL, what)
            .found(message)
            .remedy("free some space and try again")
            .cause(cause)
            .noSpace();
      }
      if (call.is(Errno.EBUSY)) {
        return UpdateException.because(Reason.LOCK_HELD, what)
            .found(message)
            .remedy("wait until the other user of it has finished")
            .cause(cause)
            .busy();
      }
    }
    boolean missing = cause instanceof LinuxException call && call.is(Errno.ENOENT);
    return UpdateException.because(otherwise, what)
        .found(message)
        .remedy(
            missing
                ? "check the path, and whether the device is attached"
                : "look into the kernel log for errors of the device")
        .cause(cause)
        .writeFailed();
  }

  private static UpdateException readOnly(String what, IOException cause) {
    return UpdateException.because(Reason.READ_ONLY, what)
        .found("the device or file system is read-only: " + cause.getMessage())
        .remedy("make the device or file system writable")
        .cause(cause)
        .writeFailed();
  }
}
