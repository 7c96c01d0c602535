package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Updater;

/** Lets a version that did not come up be tried again. */
final class LiftQuarantineVerb extends Verb {
  private final Given version =
      arguments().word("1", "VERSION", "The version, as quarantine lists it.");

  LiftQuarantineVerb() {
    super(
        "lift-quarantine",
        "Let VERSION be tried again although it did not come up. If it is still installed, its boot"
            + " entry gets its tries back.",
        Spelling.OWN,
        Access.CHANGES,
        1,
        ONE_INSTALLATION);
  }

  @Override
  Optional<String> version() {
    return version.text();
  }

  @Override
  ExitStatus run() throws UpdateException {
    options().json(); // a wrong mode is refused before anything is done
    try (Updater updater = updater(progress())) {
      Updater.Lifted lifted = updater.lift(version.text().orElseThrow(), caller());
      answer(
          Json.object()
              .put("version", lifted.failed().version().text())
              .put("startsNext", lifted.startsNext()));
      return ExitStatus.OK;
    }
  }

  @Override
  void show(JsonNode document) {
    terminal()
        .out()
        .println(
            "Version "
                + document.path("version").asText()
                + (document.path("startsNext").asBoolean()
                    ? " has its tries back: the next restart starts it, if it is the newest."
                    : " may be tried again: the next apply fetches it, if it is offered."));
  }
}
