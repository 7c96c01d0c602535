package org.particleos.update.cli;

import java.io.PrintStream;
import java.util.StringJoiner;
import org.particleos.update.failure.UpdateException;

/** One failure in four lines: what, found, state, remedy. */
final class FailureReport {
  private FailureReport() {}

  static void print(PrintStream err, String programName, UpdateException failure) {
    err.println(text(programName, failure));
  }

  static String text(String programName, UpdateException failure) {
    var lines = new StringJoiner("\n");
    lines.add(programName + ": " + failure.getMessage());
    failure
        .found()
        .filter(found -> !found.isEmpty())
        .ifPresent(found -> lines.add("  found:  " + found));
    failure.state().ifPresent(state -> lines.add("  state:  " + state));
    if (!failure.remedy().isEmpty()) {
      lines.add("  remedy: " + failure.remedy());
    }
    return lines.toString();
  }
}
