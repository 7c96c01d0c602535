package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.update.Updater;

/** The reference's spelling of {@link CheckVerb} (update-algorithm.md 6.2). */
final class CheckNewVerb extends Verb {
  CheckNewVerb() {
    super(
        "check-new",
        "Print the version an update would install; exit with 1 if there is none.",
        Spelling.REFERENCE,
        Access.READ_ONLY,
        1,
        ONE_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    JsonMode json = options().json();
    try (Updater updater = updater(progress())) {
      Optional<String> candidate =
          updater
              .overview(view())
              .sets()
              .candidate()
              .map(VersionSet::version)
              .map(Object::toString);
      if (json != JsonMode.OFF) {
        ObjectNode node = Json.object();
        node.put("available", candidate.orElse(null));
        Json.print(terminal().out(), json, node);
      } else if (candidate.isPresent()) {
        terminal().out().println(candidate.get());
      }
      return candidate.isPresent() ? ExitStatus.OK : ExitStatus.NO_UPDATE;
    }
  }
}
