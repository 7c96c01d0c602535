package org.particleos.update.history;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.particleos.update.definition.DefinitionPlace;

/**
 * One run that changed something or failed.
 *
 * @param time when it ended
 * @param caller program and verb
 * @param target {@code host}, {@code component:NAME}, or the path of definitions
 * @param from newest version that was installed as a whole before, if that was found out
 * @param to version that was to be brought in, if one was chosen
 * @param fetched bytes over the network
 * @param reused bytes that need not be fetched
 * @param written bytes to the target
 */
public record Entry(
    Instant time,
    Action action,
    String caller,
    Asker asker,
    String target,
    Optional<String> from,
    Optional<String> to,
    long fetched,
    long reused,
    long written,
    Duration elapsed,
    Result result) {
  /** Longer messages are cut: a line stays a line. */
  private static final int MESSAGE_CHARACTERS_MAX = 2000;

  /** What was done or tried. */
  public enum Action {
    ACQUIRE("acquire"),
    UPDATE("update"),
    INSTALL("install"),
    VACUUM("vacuum"),
    CLEANUP("cleanup"),
    REPAIR("repair"),
    LIFT("lift-quarantine"),
    BOOT_LOADER("boot-loader");

    private final String text;

    Action(String text) {
      this.text = text;
    }

    public String text() {
      return text;
    }
  }

  /** What came of it. */
  public sealed interface Result {
    /**
     * It did what it was asked for.
     *
     * @param outcome one word, as {@code apply --json} prints it for updates
     */
    record Done(String outcome) implements Result {}

    /**
     * It refused or failed.
     *
     * @param reason as in failures that are told to programs
     */
    record Failed(String reason, String message) implements Result {}
  }

  /** How the history names a set of definitions. */
  public static String target(DefinitionPlace place) {
    return switch (place) {
      case DefinitionPlace.Host _ -> "host";
      case DefinitionPlace.Component(var name, _) -> "component:" + name;
      case DefinitionPlace.Directory(var path) -> path.toString();
      case DefinitionPlace.File(var path) -> path.toString();
    };
  }

  /** As it stands in the file and as {@code history --json} prints it. */
  public ObjectNode node() {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("time", time.truncatedTo(ChronoUnit.MILLIS).toString());
    node.put("action", action.text());
    node.put("caller", caller);
    node.put("by", asker.by().text());
    node.put("uid", asker.uid());
    node.put("target", target);
    node.put("from", from.orElse(null));
    node.put("to", to.orElse(null));
    node.put("fetched", fetched);
    node.put("reused", reused);
    node.put("written", written);
    node.put("seconds", elapsed.toMillis() / 1000.0);
    switch (result) {
      case Result.Done(var outcome) -> node.put("outcome", outcome);
      case Result.Failed(var reason, var message) ->
          node.put("outcome", "failed")
              .put("reason", reason)
              .put(
                  "message",
                  message.length() > MESSAGE_CHARACTERS_MAX
                      ? message.substring(0, MESSAGE_CHARACTERS_MAX) + "…"
                      : message);
    }
    return node;
  }

  /** Whether a line says at least when what was done with which outcome. */
  static boolean isOne(JsonNode line) {
    try {
      Instant.parse(line.path("time").asText());
    } catch (DateTimeException _) {
      return false;
    }
    return line.path("action").isTextual() && line.path("outcome").isTextual();
  }
}
