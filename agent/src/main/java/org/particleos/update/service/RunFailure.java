package org.particleos.update.service;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * How a worker's run failed, as it told it itself: an {@link
 * org.particleos.update.failure.UpdateException} that came through a pipe.
 *
 * @param exitStatus of {@code particle-update}'s own verbs for this kind of cause
 */
public record RunFailure(
    int exitStatus,
    UpdateException.Kind kind,
    Reason reason,
    String message,
    Optional<String> found,
    Optional<String> state,
    String remedy) {
  /** From it on, an exit status tells which signal ended the process. */
  private static final int SIGNAL_STATUS = 128;

  /** From the worker's line {@code {"event":"failed"}}; empty if it is not such a line. */
  public static Optional<RunFailure> of(JsonNode line) {
    if (!line.path("event").asText().equals("failed")) {
      return Optional.empty();
    }
    UpdateException.Kind kind;
    Reason reason;
    try {
      kind = UpdateException.Kind.valueOf(line.path("kind").asText());
      reason = Reason.valueOf(line.path("reason").asText());
    } catch (IllegalArgumentException _) {
      return Optional.empty(); // of another version of this program, which died in a strange way
    }
    return Optional.of(
        new RunFailure(
            line.path("exitStatus").asInt(1),
            kind,
            reason,
            line.path("message").asText(),
            text(line, "found"),
            text(line, "state"),
            line.path("remedy").asText()));
  }

  /** One that happened here, for whoever waits for a worker. */
  public static RunFailure of(UpdateException failure) {
    return new RunFailure(
        1,
        failure.kind(),
        failure.reason(),
        String.valueOf(failure.getMessage()),
        failure.found(),
        failure.state(),
        failure.remedy());
  }

  /**
   * What its worker did not tell itself: it was killed, or crashed.
   *
   * @param exitStatus of the worker, 128 and more for a signal
   */
  public static RunFailure died(int exitStatus) {
    return of(
        UpdateException.because(Reason.WORKER_FAILED, "the worker ended without a word")
            .found(
                "exit status "
                    + exitStatus
                    + (exitStatus > SIGNAL_STATUS
                        ? ", which is signal " + (exitStatus - SIGNAL_STATUS)
                        : ""))
            .state("the next run continues where this one stopped")
            .remedy(
                "see the journal of particle-update.service; if Java crashed, it has put a report"
                    + " into /var/lib/particle-update/crash.log")
            .writeFailed());
  }

  /** As a worker tells it. */
  public ObjectNode line() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("event", "failed")
        .put("exitStatus", exitStatus)
        .put("kind", kind.name())
        .put("reason", reason.name())
        .put("message", message)
        .put("found", found.orElse(null))
        .put("state", state.orElse(null))
        .put("remedy", remedy);
  }

  /** The same failure for whoever has to throw it here. */
  public UpdateException toException() {
    var details = UpdateException.because(reason, message).remedy(remedy);
    found.ifPresent(details::found);
    state.ifPresent(details::state);
    return details.ofKind(kind);
  }

  private static Optional<String> text(JsonNode line, String key) {
    return Optional.of(line.path(key)).filter(JsonNode::isTextual).map(JsonNode::asText);
  }
}
