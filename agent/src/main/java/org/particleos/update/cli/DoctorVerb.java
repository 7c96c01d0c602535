package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Finding;
import org.particleos.update.update.Updater;

/** Says what would go wrong, without changing anything. */
final class DoctorVerb extends Verb {
  /** Widest name of a part that keeps the texts in one column. */
  private static final int ABOUT_COLUMNS = 20;

  DoctorVerb() {
    super(
        "doctor",
        "Look at definitions, keyrings, disk, boot partition and server, and say what would go"
            + " wrong. Changes nothing.",
        Spelling.OWN,
        Access.READ_ONLY,
        1,
        ONE_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    JsonMode json = options().json();
    try (Updater updater = updater(progress())) {
      List<Finding> findings = updater.examine(view());
      if (json == JsonMode.OFF) {
        findings.forEach(this::print);
      } else {
        Json.print(terminal().out(), json, node(findings));
      }
      // As the update itself would end.
      return findings.stream()
          .flatMap(finding -> finding.failure().stream())
          .findFirst()
          .map(ExitStatus::of)
          .orElse(ExitStatus.OK);
    }
  }

  private void print(Finding finding) {
    String mark =
        switch (finding.level()) {
          case GOOD -> terminal().paint("32", terminal().glyph("✓", "ok"));
          case WARNING -> terminal().paint("33", "!");
          case FAILURE -> terminal().paint("1;31", terminal().glyph("✗", "no"));
        };
    String indent = " ".repeat(3);
    var line = new StringBuilder(mark).repeat(" ", Math.max(1, 3 - Table.width(mark)));
    line.append(String.format(Locale.ROOT, "%-" + ABOUT_COLUMNS + "s ", finding.about()));
    terminal().out().println(line.append(finding.text()));
    Optional.of(finding.remedy())
        .filter(remedy -> !remedy.isEmpty())
        .ifPresent(remedy -> terminal().out().println(indent + "remedy: " + remedy));
  }

  private static ObjectNode node(List<Finding> findings) {
    ObjectNode node = Json.object();
    node.put(
        "ok", findings.stream().noneMatch(finding -> finding.level() == Finding.Level.FAILURE));
    ArrayNode all = node.putArray("findings");
    for (Finding finding : findings) {
      ObjectNode one = all.addObject();
      one.put("level", finding.level().name().toLowerCase(Locale.ROOT));
      one.put("about", finding.about());
      one.put("text", finding.text());
      if (!finding.remedy().isEmpty()) {
        one.put("remedy", finding.remedy());
      }
      finding.failure().ifPresent(failure -> one.put("reason", failure.reason().name()));
    }
    return node;
  }
}
