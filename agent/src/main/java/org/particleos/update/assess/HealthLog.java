package org.particleos.update.assess;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** How the health checks of the last starts ended, oldest first. An immutable value. */
public record HealthLog(List<HealthRun> runs) {
  /** Enough for some versions with all their tries. */
  static final int RUNS_MAX = 16;

  /** Of the file. A newer one is not understood, and set aside. */
  private static final int FORMAT = 1;

  public static final HealthLog EMPTY = new HealthLog(List.of());

  public HealthLog {
    runs = List.copyOf(runs.subList(Math.max(0, runs.size() - RUNS_MAX), runs.size()));
  }

  public Optional<HealthRun> last() {
    return runs.isEmpty() ? Optional.empty() : Optional.of(runs.getLast());
  }

  HealthLog with(HealthRun run) {
    List<HealthRun> more = new ArrayList<>(runs);
    more.add(run);
    return new HealthLog(more);
  }

  /** What the last check of a version that failed said. */
  Optional<String> complaint(String version) {
    return runs.reversed().stream()
        .filter(run -> run.version().filter(version::equals).isPresent())
        .flatMap(run -> run.firstFailure().stream())
        .map(CheckResult::complaint)
        .findFirst();
  }

  // ---- As a file ----

  JsonNode json() {
    ObjectNode node = JsonNodeFactory.instance.objectNode().put("format", FORMAT);
    ArrayNode all = node.putArray("runs");
    for (HealthRun run : runs) {
      all.add(json(run));
    }
    return node;
  }

  /** One run, as programs read it. */
  public static ObjectNode json(HealthRun run) {
    ObjectNode one = JsonNodeFactory.instance.objectNode();
    one.put("time", run.at().toString());
    one.put("bootId", run.bootId());
    one.put("version", run.version().orElse(null));
    one.put("entry", run.entry().orElse(null));
    one.put("passed", run.passed());
    ArrayNode checks = one.putArray("checks");
    for (CheckResult check : run.checks()) {
      checks
          .addObject()
          .put("name", check.name())
          .put("result", check.verdict().word())
          .put("text", check.text())
          .put("seconds", check.millis() / 1000.0);
    }
    return one;
  }

  /**
   * Of a file.
   *
   * @throws IllegalArgumentException if it is not one of these
   */
  static HealthLog of(JsonNode node) {
    if (node.path("format").asInt() != FORMAT) {
      throw new IllegalArgumentException("its format is not " + FORMAT);
    }
    List<HealthRun> runs = new ArrayList<>();
    for (JsonNode one : node.path("runs")) {
      List<CheckResult> checks = new ArrayList<>();
      for (JsonNode check : one.path("checks")) {
        checks.add(
            new CheckResult(
                check.path("name").asText(),
                CheckResult.Verdict.of(check.path("result").asText())
                    .orElseThrow(() -> new IllegalArgumentException("a result is not known")),
                check.path("text").asText(),
                Math.round(check.path("seconds").asDouble() * 1000)));
      }
      try {
        runs.add(
            new HealthRun(
                Instant.parse(one.path("time").asText()),
                one.path("bootId").asText(),
                optional(one, "version"),
                optional(one, "entry"),
                checks));
      } catch (DateTimeException e) {
        throw new IllegalArgumentException("a time is not valid", e);
      }
    }
    return new HealthLog(runs);
  }

  private static Optional<String> optional(JsonNode node, String name) {
    return Optional.of(node.path(name)).filter(JsonNode::isTextual).map(JsonNode::asText);
  }
}
