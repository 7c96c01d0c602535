package org.particleos.update.cli;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Updater;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Downloads and verifies without installing (update-algorithm.md 6.3). */
@Command(
    name = "acquire",
    description = "Download and verify only; update or apply installs it later, offline too.",
    exitCodeOnInvalidInput = 1)
final class AcquireVerb extends Verb {
  @Parameters(arity = "0..1", paramLabel = "VERSION", description = "Download this version.")
  private @Nullable String version;

  AcquireVerb() {
    super(Spelling.REFERENCE, Access.CHANGES, 2, ANY_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    return new ReferenceUpdate(this, Optional.ofNullable(version), Updater.Goal.ACQUIRE).run();
  }
}
