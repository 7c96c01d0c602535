package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.assess.FailedVersion;
import org.particleos.update.policy.LocalText;

/** Versions that did not come up: as JSON, and what people see of that. */
final class FailedNodes {
  private FailedNodes() {}

  /** Adds them as the array {@code failed}. */
  static void put(ObjectNode node, List<FailedVersion> versions) {
    ArrayNode failed = node.putArray("failed");
    for (FailedVersion each : versions) {
      ObjectNode one = failed.addObject().put("version", each.version().text());
      Json.put(one, "tries", each.tries());
      one.put("since", each.since().map(Instant::toString).orElse(null));
      one.put("reason", each.reason().orElse(null));
      one.put("instead", each.instead().orElse(null));
      one.put("rebuilt", each.rebuilt());
    }
  }

  /** What happened and what becomes of it, in lines. */
  static List<String> lines(JsonNode one) {
    List<String> lines = new ArrayList<>();
    String version = one.path("version").asText();
    lines.add(story(one) + when(one));
    lines.add(
        "reason: "
            + Json.text(one, "reason")
                .orElse("not known: no health check had failed before the machine restarted"));
    lines.add(
        one.path("rebuilt").asBoolean()
            ? "another build of it is offered, which will be taken"
            : "not taken again; to try it all the same: particle-update lift-quarantine "
                + version);
    return lines;
  }

  /** Without the reason. */
  static String story(JsonNode one) {
    OptionalLong tries = Json.number(one, "tries");
    return "version "
        + one.path("version").asText()
        + " did not come up"
        + (tries.isEmpty()
            ? ""
            : tries.getAsLong() == 1
                ? " when it was tried once"
                : " in " + tries.getAsLong() + " tries")
        + Json.text(one, "instead").map(other -> "; back on version " + other).orElse("");
  }

  private static String when(JsonNode one) {
    return Json.text(one, "since")
        .flatMap(FailedNodes::time)
        .map(time -> " (noticed " + LocalText.of(time, ZoneId.systemDefault()) + ")")
        .orElse("");
  }

  static Optional<Instant> time(String text) {
    try {
      return Optional.of(Instant.parse(text));
    } catch (DateTimeException _) {
      return Optional.empty();
    }
  }
}
