package org.particleos.update.cli;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Updater;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The reference's spelling of {@link ApplyVerb} (update-algorithm.md 6.4). */
@Command(
    name = "update",
    description = "Like apply, with the output and exit statuses of systemd-sysupdate.",
    exitCodeOnInvalidInput = 1)
final class UpdateVerb extends Verb {
  @Parameters(arity = "0..1", paramLabel = "VERSION", description = "Install this version.")
  private @Nullable String version;

  UpdateVerb() {
    super(Spelling.REFERENCE, Access.CHANGES, 2, ANY_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    Updater.Goal goal = options().offline() ? Updater.Goal.INSTALL_OFFLINE : Updater.Goal.UPDATE;
    return new ReferenceUpdate(this, Optional.ofNullable(version), goal).run();
  }
}
