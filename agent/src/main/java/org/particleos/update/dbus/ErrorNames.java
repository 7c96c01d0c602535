package org.particleos.update.dbus;

import java.util.Optional;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.service.JobEnd;
import org.particleos.update.service.RunFailure;

/** What went wrong, by the names of the bus (dbus-varlink.md 7.4, 7.5). */
public final class ErrorNames {
  private static final String STANDARD = "org.freedesktop.DBus.Error.";

  /** Exit statuses above it are signals, as shells count. */
  private static final int SIGNALS = 128;

  private ErrorNames() {}

  public static BusException of(UpdateException failure) {
    return new BusException(
        name(failure.reason()),
        text(
            String.valueOf(failure.getMessage()),
            failure.found(),
            failure.state(),
            failure.remedy()));
  }

  public static BusException of(RunFailure failure) {
    return new BusException(name(failure.reason()), text(failure));
  }

  /** Of a job that brought no result. */
  public static BusException of(JobEnd end) {
    return switch (end) {
      case JobEnd.Failed(var failure) -> of(failure);
      case JobEnd.Died(_, var cancelled) when cancelled ->
          new BusException(name(Errno.ECANCELED), "the job was cancelled; it can be continued");
      case JobEnd.Died(var status, _) when status > SIGNALS ->
          new BusException(
              BusException.FAILED, "the worker was killed by signal " + (status - SIGNALS));
      case JobEnd.Died(var status, _) ->
          new BusException(
              BusException.FAILED, "the worker ended with exit status " + status + " and no word");
      case JobEnd.Done(var status, _) ->
          new BusException(
              BusException.FAILED,
              "the worker ended with exit status " + status + " and no result");
    };
  }

  /** As {@code JobRemoved} tells it: 0, an exit status or signal number, or a negative errno. */
  static int status(JobEnd end) {
    return switch (end) {
      case JobEnd.Done _ -> 0; // an answer, also where it is "nothing to do"
      case JobEnd.Failed(var failure) -> -failure.reason().errno().number();
      case JobEnd.Died(_, var cancelled) when cancelled -> -Errno.ECANCELED.number();
      case JobEnd.Died(var status, _) -> status > SIGNALS ? status - SIGNALS : Math.max(status, 1);
    };
  }

  private static String name(Reason reason) {
    // Our own limit, not that of a disk.
    return reason == Reason.TOO_MANY_JOBS ? BusException.LIMITS_EXCEEDED : name(reason.errno());
  }

  static String name(Errno errno) {
    return switch (errno) {
      case EPERM, EACCES -> BusException.ACCESS_DENIED;
      case EINVAL -> BusException.INVALID_ARGS;
      case ENOENT -> BusException.FILE_NOT_FOUND;
      case EEXIST -> STANDARD + "FileExists";
      case EIO -> STANDARD + "IOError";
      case EOPNOTSUPP -> BusException.NOT_SUPPORTED;
      case EBADMSG -> STANDARD + "InconsistentMessage";
      case ENXIO,
          E2BIG,
          EBADF,
          EAGAIN,
          EBUSY,
          ENODEV,
          EFBIG,
          ENOSPC,
          EROFS,
          ENODATA,
          EPROTO,
          EHOSTDOWN,
          ESTALE,
          EUCLEAN,
          ENOMEDIUM,
          ECANCELED,
          ENOKEY,
          EHWPOISON ->
          "System.Error." + errno.name();
    };
  }

  private static String text(RunFailure failure) {
    return text(failure.message(), failure.found(), failure.state(), failure.remedy());
  }

  private static String text(
      String message, Optional<String> found, Optional<String> state, String remedy) {
    var text = new StringBuilder(message);
    found.ifPresent(each -> text.append("; found: ").append(each));
    state.ifPresent(each -> text.append("; state: ").append(each));
    if (!remedy.isEmpty()) {
      text.append("; remedy: ").append(remedy);
    }
    return text.toString();
  }
}
