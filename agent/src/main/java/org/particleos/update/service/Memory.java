package org.particleos.update.service;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.particleos.update.policy.Facts;
import org.particleos.update.policy.Facts.Past;
import org.particleos.update.policy.Facts.StepTrouble;
import org.particleos.update.policy.Facts.Trouble;
import org.particleos.update.policy.Step;

/**
 * What the daemon knows from earlier runs of it. Nothing here decides what is installed: were it
 * lost, the machine would make a check too many.
 *
 * @param secret stands in for the machine's id where there is none
 * @param hold until when nothing is done, {@link Instant#MAX} for without end
 * @param restartedInto the version that the daemon last restarted the machine for, and from which
 *     run of the kernel
 * @param failedToStart versions that such a restart did not bring
 * @param failure of what was tried last, as long as nothing has ended well since then
 * @param parts by component, the operating system under an empty name
 */
record Memory(
    Optional<String> secret,
    Optional<Past> lastCheck,
    Optional<Past> lastAttempt,
    Optional<Trouble> checkFailure,
    Optional<Instant> hold,
    Optional<Restart> restartedInto,
    List<String> failedToStart,
    Optional<RunFailure> failure,
    Map<String, OfPart> parts) {
  /** Older ones are forgotten; nobody offers them any more. */
  static final int VERSIONS_MAX = 16;

  /** Of components that went as well. */
  static final int PARTS_MAX = 1024;

  /** Text of others in it is cut. */
  private static final int TEXT_MAX = 1000;

  record Restart(String version, String bootId) {}

  /**
   * @param available what the last check found to be newer
   */
  record OfPart(Optional<String> available, List<StepTrouble> troubles) {
    static final OfPart NOTHING = new OfPart(Optional.empty(), List.of());

    OfPart {
      troubles = List.copyOf(troubles);
    }
  }

  static final Memory EMPTY =
      new Memory(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          List.of(),
          Optional.empty(),
          Map.of());

  Memory {
    failedToStart =
        List.copyOf(
            failedToStart.subList(
                Math.max(0, failedToStart.size() - VERSIONS_MAX), failedToStart.size()));
    parts = Map.copyOf(parts);
  }

  OfPart part(Optional<String> component) {
    return parts.getOrDefault(component.orElse(""), OfPart.NOTHING);
  }

  Memory withPart(Optional<String> component, OfPart part) {
    Map<String, OfPart> more = new TreeMap<>(parts);
    if (more.size() < PARTS_MAX || more.containsKey(component.orElse(""))) {
      more.put(component.orElse(""), part);
    }
    return new Memory(
        secret,
        lastCheck,
        lastAttempt,
        checkFailure,
        hold,
        restartedInto,
        failedToStart,
        failure,
        more);
  }

  Memory withAvailable(Optional<String> component, Optional<String> version) {
    return withPart(component, new OfPart(version, part(component).troubles()));
  }

  /** Another failure of a step; of a part and step only the last version's are kept. */
  Memory withTrouble(
      Optional<String> component,
      Step step,
      String version,
      Trouble.Kind kind,
      Past now,
      String what) {
    OfPart old = part(component);
    int before =
        old.troubles().stream()
            .filter(each -> each.step() == step && each.version().equals(version))
            .mapToInt(each -> each.trouble().count())
            .findFirst()
            .orElse(0);
    List<StepTrouble> troubles = new ArrayList<>(without(old.troubles(), step));
    troubles.add(new StepTrouble(step, version, trouble(kind, before, now, what)));
    return withPart(component, new OfPart(old.available(), troubles));
  }

  Memory withoutTrouble(Optional<String> component, Step step) {
    OfPart old = part(component);
    return withPart(component, new OfPart(old.available(), without(old.troubles(), step)));
  }

  private static List<StepTrouble> without(List<StepTrouble> troubles, Step step) {
    return troubles.stream().filter(each -> each.step() != step).toList();
  }

  static Trouble trouble(Trouble.Kind kind, int before, Past now, String what) {
    int count = before == Integer.MAX_VALUE ? before : before + 1;
    return new Trouble(
        kind, count, now, what.length() > TEXT_MAX ? what.substring(0, TEXT_MAX) : what);
  }

  Memory withSecret(String other) {
    return new Memory(
        Optional.of(other),
        lastCheck,
        lastAttempt,
        checkFailure,
        hold,
        restartedInto,
        failedToStart,
        failure,
        parts);
  }

  Memory attempted(Past now) {
    return new Memory(
        secret,
        lastCheck,
        Optional.of(now),
        checkFailure,
        hold,
        restartedInto,
        failedToStart,
        failure,
        parts);
  }

  Memory checked(Past now) {
    return new Memory(
        secret,
        Optional.of(now),
        Optional.of(now),
        Optional.empty(),
        hold,
        restartedInto,
        failedToStart,
        failure,
        parts);
  }

  Memory checkFailed(Trouble.Kind kind, Past now, String what) {
    int before = checkFailure.map(Trouble::count).orElse(0);
    return new Memory(
        secret,
        lastCheck,
        Optional.of(now),
        Optional.of(trouble(kind, before, now, what)),
        hold,
        restartedInto,
        failedToStart,
        failure,
        parts);
  }

  Memory withHold(Optional<Instant> until) {
    return new Memory(
        secret,
        lastCheck,
        lastAttempt,
        checkFailure,
        until,
        restartedInto,
        failedToStart,
        failure,
        parts);
  }

  Memory restarting(String version, String bootId) {
    return new Memory(
        secret,
        lastCheck,
        lastAttempt,
        checkFailure,
        hold,
        Optional.of(new Restart(version, bootId)),
        failedToStart,
        failure,
        parts);
  }

  /** The restart is over, and what it was for runs, or it does not. */
  Memory restarted(Optional<String> failed) {
    List<String> more = new ArrayList<>(failedToStart);
    failed.filter(version -> !more.contains(version)).ifPresent(more::add);
    return new Memory(
        secret, lastCheck, lastAttempt, checkFailure, hold, Optional.empty(), more, failure, parts);
  }

  Memory withFailure(Optional<RunFailure> other) {
    return new Memory(
        secret,
        lastCheck,
        lastAttempt,
        checkFailure,
        hold,
        restartedInto,
        failedToStart,
        other,
        parts);
  }

  // ---- As JSON ----

  private static final int FORMAT = 1;
  private static final String FOREVER = "forever";

  ObjectNode json() {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("format", FORMAT);
    secret.ifPresent(text -> node.put("secret", text));
    lastCheck.ifPresent(past -> node.set("lastCheck", json(past)));
    lastAttempt.ifPresent(past -> node.set("lastAttempt", json(past)));
    checkFailure.ifPresent(trouble -> node.set("checkFailure", json(trouble)));
    hold.ifPresent(
        until -> node.put("hold", until.equals(Instant.MAX) ? FOREVER : until.toString()));
    restartedInto.ifPresent(restart ->
        node.putObject("restartedInto")
            .put("version", restart.version())
            .put("bootId", restart.bootId()));
    failedToStart.forEach(node.putArray("failedToStart")::add);
    failure.ifPresent(failed -> node.set("failure", failed.line()));
    ObjectNode all = node.putObject("parts");
    new TreeMap<>(parts)
        .forEach((name, part) -> {
          ObjectNode one = all.putObject(name);
          part.available().ifPresent(version -> one.put("available", version));
          var troubles = one.putArray("troubles");
          for (StepTrouble trouble : part.troubles()) {
            troubles.add(
                json(trouble.trouble())
                    .put("step", trouble.step().name())
                    .put("version", trouble.version()));
          }
        });
    return node;
  }

  private static ObjectNode json(Past past) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("at", past.at().toString())
        .put("bootId", past.bootId())
        .put("uptimeMillis", past.uptime().toMillis());
  }

  private static ObjectNode json(Trouble trouble) {
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("kind", trouble.kind().name())
            .put("count", trouble.count())
            .put("what", trouble.what());
    node.set("last", json(trouble.last()));
    return node;
  }

  /**
   * Reads what {@link #json} wrote.
   *
   * @throws IllegalArgumentException if it did not
   */
  static Memory of(JsonNode node) {
    try {
      if (node.path("format").asInt() != FORMAT) {
        throw new IllegalArgumentException("it is in another format");
      }
      List<String> failed = new ArrayList<>();
      node.path("failedToStart").forEach(version -> failed.add(version.asText()));
      Map<String, OfPart> parts = new TreeMap<>();
      node.path("parts")
          .properties()
          .forEach(entry -> parts.put(entry.getKey(), part(entry.getValue())));
      return new Memory(
          text(node, "secret").filter(secret -> !secret.isEmpty()),
          past(node.path("lastCheck")),
          past(node.path("lastAttempt")),
          trouble(node.path("checkFailure")),
          text(node, "hold").map(text -> text.equals(FOREVER) ? Instant.MAX : Instant.parse(text)),
          text(node.path("restartedInto"), "version")
              .map(version ->
                  new Restart(version, node.path("restartedInto").path("bootId").asText())),
          failed,
          RunFailure.of(node.path("failure")),
          parts);
    } catch (DateTimeException | ArithmeticException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static OfPart part(JsonNode node) {
    List<StepTrouble> troubles = new ArrayList<>();
    for (JsonNode each : node.path("troubles")) {
      trouble(each)
          .ifPresent(trouble ->
              troubles.add(
                  new StepTrouble(
                      Step.valueOf(each.path("step").asText()),
                      each.path("version").asText(),
                      trouble)));
    }
    return new OfPart(text(node, "available"), troubles);
  }

  private static Optional<Past> past(JsonNode node) {
    return node.isObject()
        ? Optional.of(
            new Past(
                Instant.parse(node.path("at").asText()),
                node.path("bootId").asText(),
                Duration.ofMillis(node.path("uptimeMillis").asLong())))
        : Optional.empty();
  }

  private static Optional<Trouble> trouble(JsonNode node) {
    return past(node.path("last"))
        .map(last ->
            new Facts.Trouble(
                Trouble.Kind.valueOf(node.path("kind").asText()),
                Math.max(1, node.path("count").asInt(1)),
                last,
                node.path("what").asText()));
  }

  private static Optional<String> text(JsonNode node, String key) {
    return Optional.of(node.path(key)).filter(JsonNode::isTextual).map(JsonNode::asText);
  }
}
