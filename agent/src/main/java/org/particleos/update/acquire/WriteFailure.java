package org.particleos.update.acquire;

import java.io.IOException;
import java.nio.file.Path;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.LinuxException;

/** Says in the program's words why a disk or file system did not take the bytes. */
public final class WriteFailure {
  /** Disk quota exceeded: to the administrator the same as a full file system. */
  private static final int EDQUOT = 122;

  private WriteFailure() {}

  public static UpdateException of(Path path, IOException e) {
    String name = Quote.quote(path.toString());
    if (!(e instanceof LinuxException linux)) {
      return failed(name, e);
    }
    if (linux.is(Errno.ENOSPC) || linux.errno() == EDQUOT) {
      return UpdateException.because(Reason.FILE_SYSTEM_FULL, "writing " + name + " failed")
          .found("no space is left on its file system")
          .remedy("free some space there and start again")
          .cause(e)
          .noSpace();
    }
    if (linux.is(Errno.EROFS)) {
      return UpdateException.because(Reason.READ_ONLY, "writing " + name + " failed")
          .found("it is mounted or set read-only")
          .remedy("make it writable, or correct the target's path")
          .cause(e)
          .writeFailed();
    }
    if (linux.is(Errno.EACCES) || linux.is(Errno.EPERM)) {
      return UpdateException.because(Reason.PERMISSION_DENIED, "writing " + name + " failed")
          .found("permission was denied")
          .remedy("run it as root")
          .cause(e)
          .notPermitted();
    }
    return failed(name, e);
  }

  private static UpdateException failed(String name, IOException e) {
    return UpdateException.because(Reason.WRITE_FAILED, "writing " + name + " failed")
        .found(String.valueOf(e.getMessage()))
        .remedy("look for errors of that disk in the kernel's log (journalctl -k)")
        .cause(e)
        .writeFailed();
  }
}
