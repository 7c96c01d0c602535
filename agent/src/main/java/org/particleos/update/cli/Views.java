package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import org.particleos.update.definition.Suggestion;
import org.particleos.update.failure.Quote;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.update.Overview;

/** Questions and cells that several verbs have in common. */
final class Views {
  private Views() {}

  /** The newest version that is in place as a whole and did not fail to come up. */
  static Optional<VersionSet> newestWhole(Overview overview) {
    return overview.sets().newestWhole();
  }

  /** The first line of what is told about a machine. */
  static String running(JsonNode document) {
    return "running    " + Json.text(document, "booted").orElse("unknown (no IMAGE_VERSION=)");
  }

  static String tick(Terminal terminal, boolean value) {
    return value ? terminal.glyph("✓", "+") : terminal.glyph("✗", "-");
  }

  /** A cell that is a dash where it cannot be told. */
  static String suggested(Terminal terminal, Suggestion.Verdict verdict) {
    return switch (verdict) {
      case Suggestion.Verdict.Known(var suggested) -> tick(terminal, suggested);
      case Suggestion.Verdict.Undetermined _ -> "-";
    };
  }

  /** Whether something is selected by being suggested; says so where it cannot be told. */
  static boolean selected(Terminal terminal, String kind, String name, Suggestion.Verdict verdict) {
    return switch (verdict) {
      case Suggestion.Verdict.Known(var suggested) -> suggested;
      case Suggestion.Verdict.Undetermined(var reason, var detail) -> {
        terminal
            .err()
            .println(
                "Warning: passed over "
                    + kind
                    + " "
                    + Quote.quote(name)
                    + ": whether it is suggested cannot be told: "
                    + reason
                    + " ("
                    + detail
                    + ")");
        yield false;
      }
    };
  }
}
