package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.assess.AssessmentFiles;
import org.particleos.update.assess.CheckResult;
import org.particleos.update.assess.HealthChecks;
import org.particleos.update.assess.HealthLog;
import org.particleos.update.assess.HealthRun;
import org.particleos.update.assess.RunningBoot;
import org.particleos.update.assess.Standing;
import org.particleos.update.assess.Systemctl;
import org.particleos.update.cli.GlobalOptions.Choice;
import org.particleos.update.definition.HostFacts;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Overview;
import org.particleos.update.update.UpdateEvent;
import org.particleos.update.update.Updater;
import org.particleos.update.version.Version;

/**
 * Runs the health checks of this machine; whether they pass decides about the start. Whatever else
 * goes wrong here is a warning: a full disk must not make a machine go back.
 */
final class HealthVerb extends Verb {
  private static final int NAME_COLUMNS = 24;

  HealthVerb() {
    super(
        "health",
        "Run the checks in health.d, write down how they ended, and fail if one of them does. A"
            + " start is confirmed only if they pass (particle-update-health.service).",
        Spelling.OWN,
        Access.CHANGES,
        1,
        Set.of(Choice.DEFINITIONS));
  }

  @Override
  ExitStatus run() throws UpdateException {
    options().json(); // a wrong mode is refused before anything is done
    RunView view = progress();
    HostFacts facts = HostFacts.read(machine().root(), machine().environment());
    RunningBoot running = running(view);
    Optional<String> version = running.version().map(Version::text).or(facts::imageVersion);
    List<CheckResult> checks;
    try {
      checks =
          new HealthChecks(
                  HealthChecks.folders(machine().root(), machine().environment()),
                  variables(running, version),
                  new Systemctl(),
                  configuration(view).healthLimit(),
                  text -> view.on(new UpdateEvent.Warning(text)))
              .run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw UpdateException.because(Reason.INTERRUPTED, "the health checks were interrupted")
          .state("the start is not confirmed by them")
          .remedy("run them again: particle-update health")
          .cause(e)
          .interrupted();
    }
    var run =
        new HealthRun(
            machine().clock().instant(),
            facts.bootId().orElse("unknown"),
            version,
            running.entry(),
            checks);
    write(run, view);
    answer(HealthLog.json(run));
    return run.passed() ? ExitStatus.OK : ExitStatus.UNHEALTHY;
  }

  /** What runs; writes down as well what did not come up before. */
  private RunningBoot running(RunView view) {
    try (Updater updater = updater(view)) {
      Overview overview = updater.assess();
      return overview.running();
    } catch (UpdateException e) {
      if (e.reason() != Reason.NO_DEFINITIONS) {
        view.on(
            new UpdateEvent.Warning(
                "what was started cannot be looked at: "
                    + e.getMessage()
                    + e.found().map(found -> " (" + found + ")").orElse("")));
      }
      return RunningBoot.NOTHING;
    }
  }

  /** For checks that want to know what they are about. */
  private static Map<String, String> variables(RunningBoot running, Optional<String> version) {
    Map<String, String> variables = new HashMap<>();
    variables.put("PARTICLE_UPDATE_VERSION", version.orElse(""));
    variables.put("PARTICLE_UPDATE_BOOT_ENTRY", running.entry().orElse(""));
    variables.put("PARTICLE_UPDATE_BOOT_STANDING", running.standing().word());
    if (running.standing() instanceof Standing.BeingTried(var left, var done)) {
      variables.put("PARTICLE_UPDATE_TRIES_LEFT", Long.toString(left));
      variables.put("PARTICLE_UPDATE_TRIES_DONE", Long.toString(done));
    }
    return variables;
  }

  private void write(HealthRun run, RunView view) {
    try {
      new AssessmentFiles(machine().kernel(), machine().root(), machine().ownStateDirectory())
          .add(run, text -> view.on(new UpdateEvent.Warning(text)));
    } catch (IOException e) {
      view.on(
          new UpdateEvent.Warning(
              "how the health checks ended is not written down: " + e.getMessage()));
    }
  }

  @Override
  void show(JsonNode document) {
    Optional<JsonNode> failed = Optional.empty();
    for (JsonNode check : document.path("checks")) {
      boolean good = check.path("result").asText().equals("passed");
      if (!good && failed.isEmpty()) {
        failed = Optional.of(check);
      }
      terminal()
          .out()
          .println(
              (good
                      ? terminal().paint("32", terminal().glyph("✓", "ok"))
                      : terminal().paint("1;31", terminal().glyph("✗", "no")))
                  + " "
                  + String.format(
                          Locale.ROOT,
                          "%-" + NAME_COLUMNS + "s %5.1f s  %s",
                          check.path("name").asText(),
                          check.path("seconds").asDouble(),
                          check.path("text").asText())
                      .stripTrailing());
    }
    int count = document.path("checks").size();
    terminal()
        .out()
        .println(
            failed.isPresent()
                ? "The start is not confirmed: health check "
                    + failed.get().path("name").asText()
                    + " failed."
                : count == 0
                    ? "There are no health checks."
                    : count == 1 ? "The check passed." : "All " + count + " checks passed.");
  }

  /** The document of the last checks, for other verbs. */
  static void put(ObjectNode node, Overview overview) {
    node.set(
        "health",
        overview.health().<JsonNode>map(HealthLog::json).orElse(Json.object().nullNode()));
  }
}
