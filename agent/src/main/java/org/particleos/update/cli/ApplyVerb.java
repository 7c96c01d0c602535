package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Outcome;
import org.particleos.update.update.Updater;
import org.particleos.update.version.Version;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Downloads, verifies and installs; ends with what changed and what to do next. */
@Command(
    name = "apply",
    description = "Download, verify and install the offered version, or continue where it stopped.")
final class ApplyVerb extends Verb {
  @Parameters(
      arity = "0..1",
      paramLabel = "VERSION",
      description = "Install this version instead of the newest one.")
  private @Nullable String version;

  ApplyVerb() {
    super(Spelling.OWN, Access.CHANGES, 2, ANY_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    JsonMode json = options().json();
    Updater.Goal goal = options().offline() ? Updater.Goal.INSTALL_OFFLINE : Updater.Goal.UPDATE;
    var restart = Restart.wanted(this);
    ExitStatus status =
        forEachInstallation(place -> {
          RunView progress = progress();
          try (Updater updater = updater(place, progress)) {
            Outcome outcome =
                new Cleaning(this)
                    .after(
                        updater, () -> updater.apply(Optional.ofNullable(version), goal, caller()));
            restart.note(outcome);
            progress.ended(outcome);
            if (json == JsonMode.OFF) {
              print(place, outcome, progress);
            } else if (!options().progressAsJson()) {
              Json.print(terminal().out(), json, node(place, outcome));
            }
          }
        });
    if (status == ExitStatus.OK) {
      restart.perform();
    }
    return status;
  }

  private void print(DefinitionPlace place, Outcome outcome, RunView progress) {
    PrintStream out = terminal().out();
    if (place instanceof DefinitionPlace.Component(var component, _)) {
      out.println("Component " + Quote.quote(component) + ":");
    }
    switch (outcome) {
      case Outcome.NoUpdate() -> out.println("No update needed: nothing newer is offered.");
      case Outcome.AlreadyInstalled(Version installed) ->
          out.println("Version " + installed + " is installed already; nothing was changed.");
      case Outcome.Acquired(Version acquired, _) ->
          out.println("Version " + acquired + " is downloaded and verified.");
      case Outcome.Installed(Version installed, _, long bytes) -> {
        out.println();
        out.println(
            terminal().paint("1", "Version " + installed + " is installed")
                + ": "
                + SizeText.bytes(bytes)
                + " downloaded, "
                + SizeText.bytes(progress.tally().run().written())
                + " written in "
                + SizeText.elapsed(progress.tally().elapsed())
                + ".");
        boolean system = !(place instanceof DefinitionPlace.Component);
        if (options().legend() && system && !options().reboot()) {
          out.println(
              "Restart the machine to use it. If it does not come up, the old version starts"
                  + " again by itself.");
        }
      }
    }
  }

  private static ObjectNode node(DefinitionPlace place, Outcome outcome) {
    ObjectNode node = Json.object();
    if (place instanceof DefinitionPlace.Component(var component, _)) {
      node.put("component", component);
    }
    OutcomeNode.fill(node, outcome);
    return node;
  }
}
