package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintStream;
import java.time.InstantSource;
import java.util.Optional;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Outcome;
import org.particleos.update.update.UpdateEvent;

/**
 * Tells what a run does as JSON, one object in each line ({@code --progress=json}), as {@link
 * RunLines} has them.
 */
final class ProgressLines implements RunView {
  private final PrintStream out;
  private final RunLines lines;

  ProgressLines(PrintStream out, InstantSource clock) {
    this.out = out;
    this.lines = new RunLines(clock);
  }

  @Override
  public void on(UpdateEvent event) {
    show(lines.line(event));
  }

  @Override
  public void show(JsonNode line) {
    Json.print(out, JsonMode.SHORT, line);
    out.flush();
  }

  @Override
  public void ended(Optional<String> component, Outcome outcome) {
    show(lines.ended(component, outcome));
  }

  @Override
  public void failed(Optional<String> component, UpdateException failure, ExitStatus status) {
    show(RunLines.failed(component, failure, status));
  }
}
