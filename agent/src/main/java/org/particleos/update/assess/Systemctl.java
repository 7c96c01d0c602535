package org.particleos.update.assess;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.particleos.update.failure.Quote;

/** {@link Units} by {@code systemctl show}. */
public final class Systemctl implements Units {
  private static final List<String> SHOW =
      List.of(
          "systemctl",
          "show",
          "--property=LoadState,ActiveState,SubState,Result,Type,ExecMainStartTimestampMonotonic",
          "--");

  @Override
  public State ask(String unit, Duration limit) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(SHOW);
    command.add(unit);
    BoundedProcess.End end = BoundedProcess.run(command, Map.of(), Path.of("/"), limit);
    return switch (end) {
      case BoundedProcess.End.Exited(var status, var output) when status == 0 -> of(output);
      case BoundedProcess.End.Exited(var status, var output) ->
          throw new IOException(
              "systemctl ended with status " + status + ": " + Quote.quote(output.strip()));
      case BoundedProcess.End.TimedOut _ ->
          throw new IOException("systemctl did not answer in time");
    };
  }

  /** From what systemctl prints: one property in a line (systemd's D-Bus interface, units). */
  static State of(String output) {
    Map<String, String> properties = new HashMap<>();
    output
        .lines()
        .filter(line -> line.contains("="))
        .forEach(line ->
            properties.put(
                line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1)));
    String active = properties.getOrDefault("ActiveState", "");
    boolean done =
        properties.getOrDefault("Type", "").equals("oneshot")
            && properties.getOrDefault("Result", "").equals("success")
            && !properties.getOrDefault("ExecMainStartTimestampMonotonic", "0").equals("0");
    return switch (active) {
      case "active" -> new State.Good();
      case "activating", "reloading", "deactivating" -> new State.Changing();
      case "inactive" ->
          done
              ? new State.Good() // ran once, as it should
              : new State.Bad(
                  properties.getOrDefault("LoadState", "").equals("not-found")
                      ? "there is no such unit"
                      : "it is not running");
      default ->
          new State.Bad(
              active.isEmpty()
                  ? "nothing is known of it"
                  : "it is "
                      + Quote.quote(active)
                      + " ("
                      + properties.getOrDefault("Result", "")
                      + ")");
    };
  }

  /** The encoding of unit names is ASCII. */
  static boolean isUnit(String text) {
    return text.matches("[A-Za-z0-9:_.@\\\\-]{1,255}")
        && text.contains(".")
        && !text.startsWith("-")
        && text.getBytes(StandardCharsets.UTF_8).length == text.length();
  }
}
