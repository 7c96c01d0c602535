package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Updater;

/** Which versions are not taken again, and what happened to them. */
final class QuarantineVerb extends Verb {
  QuarantineVerb() {
    super(
        "quarantine",
        "List the versions that this machine was started with in vain, when and why, and that are"
            + " not taken again.",
        Spelling.OWN,
        Access.READ_ONLY,
        1,
        ONE_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    options().json(); // a wrong mode is refused before anything is looked at
    try (Updater updater = updater(progress())) {
      ObjectNode node = Json.object();
      FailedNodes.put(node, updater.failed());
      answer(node);
      return ExitStatus.OK;
    }
  }

  @Override
  void show(JsonNode document) {
    if (document.path("failed").isEmpty()) {
      terminal().out().println("No version is in quarantine.");
    }
    for (JsonNode one : document.path("failed")) {
      List<String> lines = FailedNodes.lines(one);
      terminal().out().println(lines.getFirst());
      lines.subList(1, lines.size()).forEach(line -> terminal().out().println("  " + line));
    }
  }
}
