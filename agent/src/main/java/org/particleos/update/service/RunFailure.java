package org.particleos.update.service;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import org.particleos.update.failure.Reason;

/**
 * How a worker's run failed, as it told it itself: an {@link
 * org.particleos.update.failure.UpdateException} that came through a pipe.
 *
 * @param exitStatus of {@code particle-update}'s own verbs for this kind of cause
 */
public record RunFailure(
    int exitStatus,
    Reason reason,
    String message,
    Optional<String> found,
    Optional<String> state,
    String remedy) {
  /** From the worker's line {@code {"event":"failed"}}; empty if it is not such a line. */
  static Optional<RunFailure> of(JsonNode line) {
    if (!line.path("event").asText().equals("failed")) {
      return Optional.empty();
    }
    Reason reason;
    try {
      reason = Reason.valueOf(line.path("reason").asText());
    } catch (IllegalArgumentException _) {
      return Optional.empty(); // of another version of this program, which died in a strange way
    }
    return Optional.of(
        new RunFailure(
            line.path("exitStatus").asInt(1),
            reason,
            line.path("message").asText(),
            text(line, "found"),
            text(line, "state"),
            line.path("remedy").asText()));
  }

  private static Optional<String> text(JsonNode line, String key) {
    return Optional.of(line.path(key)).filter(JsonNode::isTextual).map(JsonNode::asText);
  }
}
