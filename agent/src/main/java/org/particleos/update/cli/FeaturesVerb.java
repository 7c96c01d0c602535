package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.particleos.update.definition.Feature;
import org.particleos.update.definition.Suggestion;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.service.FeatureReads;
import org.particleos.update.update.Features;

/** All optional features, or one in detail (update-algorithm.md 19.5, 19.6). */
final class FeaturesVerb extends Verb {
  private final Given name = arguments().word("0..1", "FEATURE", "Show this feature in detail.");

  FeaturesVerb() {
    super(
        "features",
        "List the optional features, or show one of them in detail.",
        Spelling.REFERENCE,
        Access.READ_ONLY,
        1,
        ONE_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    JsonMode json = options().json();
    Features features = Features.ofTransfers(machine(), settings(), progress());
    if (name.text().isEmpty()) {
      if (json == JsonMode.OFF) {
        print(features.all());
      } else {
        ObjectNode node = Json.object();
        ArrayNode names = node.putArray("features");
        features.all().forEach(listed -> names.add(listed.feature().id()));
        if (options().verbose()) { // not unasked: the reference's parsers know the names only
          ArrayNode details = node.putArray(FeatureReads.DETAILS);
          features.all().forEach(listed -> details.add(FeatureReads.node(listed)));
        }
        Json.print(terminal().out(), json, node);
      }
      return ExitStatus.OK;
    }
    Features.Listed listed = features.named(name.text().get());
    if (json == JsonMode.OFF) {
      terminal().out().print(details(listed));
    } else {
      Json.print(terminal().out(), json, FeatureReads.node(listed));
    }
    return ExitStatus.OK;
  }

  private void print(List<Features.Listed> all) {
    if (all.isEmpty()) {
      terminal().err().println("No features.");
      return;
    }
    var table = new Table("ENABLED", "SUGGESTED", "FEATURE", "DESCRIPTION", "DOCUMENTATION");
    for (Features.Listed listed : all) {
      Feature feature = listed.feature();
      table.add(
          List.of(
              Views.tick(terminal(), feature.enabled()),
              Views.suggested(terminal(), listed.suggested()),
              feature.id(),
              feature.description().orElse("-"),
              feature.documentation().isEmpty() ? "-" : String.join(" ", feature.documentation())));
    }
    String text = table.text(options().legend());
    if (options().legend()) {
      text += "\n" + all.size() + " features listed.\n";
    }
    new Pager(terminal(), context().machine().environment(), options().pager()).show(text);
  }

  private static String details(Features.Listed listed) {
    Feature feature = listed.feature();
    var text = new StringBuilder();
    line(text, "Name", feature.id());
    line(text, "Enabled", feature.enabled() ? "yes" : "no");
    line(
        text,
        "Suggested",
        switch (listed.suggested()) {
          case Suggestion.Verdict.Known(var suggested) -> suggested ? "yes" : "no";
          case Suggestion.Verdict.Undetermined(var reason, _) -> "error (" + reason + ")";
        });
    feature.description().ifPresent(value -> line(text, "Description", value));
    feature.documentation().forEach(value -> line(text, "Documentation", value));
    feature.appStream().ifPresent(value -> line(text, "AppStream", value));
    if (!listed.transfers().isEmpty()) {
      line(text, "Transfers", String.join(" ", listed.transfers()));
    }
    return text.toString();
  }

  private static void line(StringBuilder text, String label, String value) {
    text.repeat(" ", "Documentation".length() - label.length());
    text.append(label).append(": ").append(value).append('\n');
  }
}
