package org.particleos.update.cli;

import java.util.Optional;
import org.particleos.update.failure.Errno;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.notify.ServiceManager;
import org.particleos.update.update.Machine;

/**
 * What a run of the program works with.
 *
 * @param programName as it was called; decides how messages begin
 * @param programVersion as the package names it
 * @param serviceManager who started the program, if that wants to know how it goes
 * @param ending what is to be told when the program ends
 * @param daemon the way to who does it for people who are not root
 */
record Context(
    Machine machine,
    Terminal terminal,
    Cancellation cancellation,
    String programName,
    String programVersion,
    ServiceManager serviceManager,
    Ending ending,
    ToDaemon daemon) {
  /** The failure that decides how the program ends: the first one. */
  static final class Ending {
    private Optional<Errno> errno = Optional.empty();

    void failed(Errno number) {
      if (errno.isEmpty()) {
        errno = Optional.of(number);
      }
    }

    Optional<Errno> errno() {
      return errno;
    }
  }
}
