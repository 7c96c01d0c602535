package org.particleos.update.cli;

import java.util.Set;
import org.particleos.update.cli.GlobalOptions.Choice;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** Keeps the machine up to date by itself, as agent.conf says, and serves others. */
final class DaemonVerb extends Verb {
  DaemonVerb() {
    super(
        "daemon",
        "Keep the machine up to date by itself, as agent.conf says, until it is stopped by a"
            + " signal.",
        Spelling.OWN,
        Access.READ_ONLY,
        1,
        Set.of(Choice.OTHER_SYSTEM));
  }

  @Override
  ExitStatus run() throws UpdateException {
    if (options().image().isPresent()) {
      throw UpdateException.because(
              Reason.OPTION_INVALID, "--image= may not be combined with 'daemon'")
          .state("nothing was changed")
          .remedy("a daemon is for a machine, or for a system below a directory: --root=")
          .configuration();
    }
    new Daemon(context(), machine(), options().root()).run();
    return ExitStatus.OK;
  }
}
