package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.particleos.update.dbus.UpdateService;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.service.RunFailure;
import org.particleos.update.update.Updater;
import org.particleos.update.version.Version;

/**
 * A verb that the daemon runs on behalf of somebody who is not root. What it says is shown by the
 * same code as if the verb ran here; nothing of the engine is needed for that.
 */
final class Remote {
  private final Verb verb;
  private RunView view;
  private Optional<ExitStatus> failed = Optional.empty();
  private Optional<String> installed = Optional.empty();

  private Remote(Verb verb) {
    this.verb = verb;
    this.view = verb.progress();
  }

  /**
   * Whether the daemon is to do it: for others than root, unless another system or other
   * definitions than those of the system were chosen.
   *
   * @throws UpdateException if it has to, and cannot because of an option
   */
  static boolean wanted(Verb verb, Verb.Access access) throws UpdateException {
    GlobalOptions options = verb.options();
    Optional<Boolean> chosen = options.daemon();
    boolean possible = UpdateService.runs(verb.name()) && !options.choosesPlace();
    if (!chosen.orElse(verb.context().daemon().usual() && possible && !asReference(verb))) {
      return false;
    }
    if (!possible) {
      throw refused(
          UpdateService.runs(verb.name())
              ? "--daemon=yes may not be combined with --root=, --image= or --definitions="
              : "--daemon=yes is not supported for '" + verb.name() + "'");
    }
    List<String> forRoot = options.forRootOnly();
    if (forRoot.isEmpty()) {
      return true;
    }
    // Whoever only looks may try it by himself.
    if (chosen.isEmpty() && access == Verb.Access.READ_ONLY) {
      return false;
    }
    throw refused("the daemon does not take the option " + forRoot.getFirst());
  }

  /** The reference runs as who calls it. */
  private static boolean asReference(Verb verb) {
    return verb.context().programName().equals(ParticleUpdate.REFERENCE_NAME);
  }

  private static UpdateException refused(String what) {
    return UpdateException.because(Reason.OPTION_INVALID, what)
        .state("nothing was changed")
        .remedy("leave it out, or run the command as root with --daemon=no")
        .configuration();
  }

  /**
   * Lets the daemon do it.
   *
   * @return with what the process ends
   */
  static int run(Verb verb) throws UpdateException {
    return new Remote(verb).answered();
  }

  private int answered() throws UpdateException {
    Context context = verb.context();
    verb.options().json(); // a wrong mode is refused before anything is asked for
    try (var service = UpdateService.connect(context.daemon().addresses());
        var agent = new PasswordAgent(context.terminal(), verb.options().askPassword())) {
      Optional<Version> booted =
          verb.options().reboot()
              ? Optional.of(Updater.running(Optional.of(service.bootedVersion())))
              : Optional.empty();
      int status = service.run(verb.name(), wishes(), agent, context.cancellation(), this::line);
      if (failed.isPresent()) {
        return verb.code(failed.get());
      }
      if (status == ExitStatus.OK.code() && booted.isPresent()) {
        restart(service, agent, booted.get());
      }
      return status;
    }
  }

  /** The options of this run that the daemon takes. */
  private Map<String, Object> wishes() throws UpdateException {
    GlobalOptions options = verb.options();
    Map<String, Object> wishes = new LinkedHashMap<>();
    verb.version().ifPresent(version -> wishes.put("version", version));
    options.component().ifPresent(name -> wishes.put("component", name));
    wishes.put("component-all", options.componentAll());
    wishes.put("offline", options.offline());
    wishes.put("sizes", options.sizes());
    wishes.put("lines", options.lines());
    wishes.keySet().removeIf(option -> !UpdateService.takes(verb.name(), option));
    wishes.values().removeIf(Boolean.FALSE::equals);
    return wishes;
  }

  private void line(String text) {
    JsonNode line = Json.parse(text);
    switch (line.path("event").asText()) {
      case "" -> answer(line);
      case "failed" -> {
        failed(line);
        view = verb.progress();
      }
      case "ended" -> {
        view.show(line);
        if (line.path("outcome").asText().equals("installed") && !line.has("component")) {
          installed = Json.text(line, "version");
        }
        if (!verb.options().progressAsJson() && line instanceof ObjectNode document) {
          answer(document.without(List.of("event", "all")));
        }
        view = verb.progress();
      }
      default -> view.show(line);
    }
  }

  private void answer(JsonNode line) {
    if (line instanceof ObjectNode document) {
      try {
        verb.answer(document);
      } catch (UpdateException wrong) {
        throw new IllegalStateException("options were checked before", wrong);
      }
    }
  }

  private void failed(JsonNode line) {
    UpdateException failure =
        RunFailure.of(line)
            .map(RunFailure::toException)
            .orElseGet(() ->
                UpdateException.because(Reason.DAEMON_FAILED, line.path("message").asText())
                    .remedy(line.path("remedy").asText())
                    .unreachable());
    ExitStatus status = verb.report(Json.text(line, "component"), failure);
    if (failed.isEmpty()) {
      failed = Optional.of(status);
    }
  }

  private void restart(UpdateService service, PasswordAgent agent, Version booted)
      throws UpdateException {
    boolean worthwhile =
        installed.flatMap(Version::parse).filter(v -> v.compareTo(booted) >= 0).isPresent();
    verb.terminal().err().println(Restart.announcement(worthwhile));
    if (worthwhile) {
      service.reboot(agent);
    }
  }
}
