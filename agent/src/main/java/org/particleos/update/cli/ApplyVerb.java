package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.Optional;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Outcome;
import org.particleos.update.update.Updater;

/** Downloads, verifies and installs; ends with what changed and what to do next. */
final class ApplyVerb extends Verb {
  private final Given version =
      arguments().word("0..1", "VERSION", "Install this version instead of the newest one.");

  ApplyVerb() {
    super(
        "apply",
        "Download, verify and install the offered version, or continue where it stopped.",
        Spelling.OWN,
        Access.CHANGES,
        2,
        ANY_INSTALLATION);
  }

  @Override
  Optional<String> version() {
    return version.text();
  }

  @Override
  ExitStatus run() throws UpdateException {
    options().json(); // a wrong mode is refused before anything is done
    Updater.Goal goal = options().offline() ? Updater.Goal.INSTALL_OFFLINE : Updater.Goal.UPDATE;
    var restart = Restart.wanted(this);
    ExitStatus status =
        forEachInstallation(place -> {
          RunView progress = progress();
          try (Updater updater = updater(place, progress)) {
            Outcome outcome =
                new Cleaning(this)
                    .after(updater, () -> updater.apply(version.text(), goal, caller()));
            restart.note(outcome);
            progress.ended(component(place), outcome);
            if (!options().progressAsJson()) {
              answer(document(place, outcome));
            }
          }
        });
    if (status == ExitStatus.OK) {
      restart.perform();
    }
    return status;
  }

  private static ObjectNode document(DefinitionPlace place, Outcome outcome) {
    ObjectNode node = Json.object();
    component(place).ifPresent(name -> node.put("component", name));
    OutcomeNode.fill(node, outcome);
    return node;
  }

  @Override
  void show(JsonNode document) {
    PrintStream out = terminal().out();
    Optional<String> component = Json.text(document, "component");
    component.ifPresent(name -> out.println("Component " + Quote.quote(name) + ":"));
    String named = document.path("version").asText();
    switch (document.path("outcome").asText()) {
      case "no-update" -> out.println("No update needed: nothing newer is offered.");
      case "already-installed" ->
          out.println("Version " + named + " is installed already; nothing was changed.");
      case "acquired" -> out.println("Version " + named + " is downloaded and verified.");
      case "installed" -> {
        out.println();
        out.println(
            terminal().paint("1", "Version " + named + " is installed")
                + ": "
                + SizeText.bytes(document.path("bytesTransferred").asLong())
                + " downloaded, "
                + SizeText.bytes(seen().written())
                + " written in "
                + SizeText.elapsed(seen().elapsed())
                + ".");
        if (options().legend() && component.isEmpty() && !options().reboot()) {
          out.println(
              "Restart the machine to use it. If it does not come up, the old version starts"
                  + " again by itself.");
        }
      }
      default -> throw new IllegalStateException("no outcome: " + document);
    }
  }
}
