package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.Member;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.update.Cost;
import org.particleos.update.update.Overview;
import org.particleos.update.update.Updater;

/** Says at a glance what is running, installed and offered, and what an update would cost. */
final class CheckVerb extends Verb {
  CheckVerb() {
    super(
        "check",
        "Say what is installed, what is offered and how much would be downloaded.",
        Spelling.OWN,
        Access.READ_ONLY,
        1,
        ONE_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    options().json(); // a wrong mode is refused before anything is asked for
    try (Updater updater = updater(progress())) {
      Overview overview = updater.overview(view());
      Optional<VersionSet> candidate = overview.sets().candidate();
      Cost cost =
          candidate.isPresent()
              ? updater.cost(candidate.get())
              : new Cost(OptionalLong.empty(), OptionalLong.empty());
      answer(document(overview, candidate, cost));
      return candidate.isPresent() ? ExitStatus.OK : ExitStatus.NO_UPDATE;
    }
  }

  private static ObjectNode document(Overview overview, Optional<VersionSet> candidate, Cost cost) {
    ObjectNode node = Json.object();
    node.put("booted", overview.bootedVersion().orElse(null));
    node.put(
        "installed", Views.newestWhole(overview).map(set -> set.version().text()).orElse(null));
    node.put("available", candidate.map(set -> set.version().text()).orElse(null));
    FailedNodes.put(node, overview.failed());
    if (candidate.isPresent()) {
      Json.put(node, "downloadBytes", cost.downloadBytes());
      Json.put(node, "installBytes", cost.installBytes());
      ArrayNode transfers = node.putArray("transfers");
      for (Member member : candidate.get().members()) {
        if (!member.acquired()) {
          transfers.add(member.inventory().transfer().id());
        }
      }
      why(candidate.get()).ifPresent(word -> node.put("unfinished", word));
    }
    return node;
  }

  /** In which way something of the version is here already. */
  private static Optional<String> why(VersionSet set) {
    if (set.flags().incomplete()) {
      return Optional.of("repair");
    }
    if (set.flags().partial()) {
      return Optional.of("download");
    }
    return set.flags().pending()
        ? Optional.of(set.acquired() ? "install" : "download")
        : Optional.empty();
  }

  @Override
  void show(JsonNode document) {
    PrintStream out = terminal().out();
    out.println(Views.running(document));
    out.println("installed  " + Json.text(document, "installed").orElse("nothing"));
    document
        .path("failed")
        .forEach(one ->
            out.println(
                (one.path("rebuilt").asBoolean() ? "rebuilt    " : "not again  ")
                    + FailedNodes.story(one)));
    Optional<String> available = Json.text(document, "available");
    if (available.isEmpty()) {
      out.println("offered    nothing newer");
      return;
    }
    out.println(
        "offered    "
            + terminal().paint("1;32", available.get())
            + switch (document.path("unfinished").asText()) {
              case "repair" -> "  (repairs the installed version, of which a part is missing)";
              case "download" -> "  (continues an interrupted download)";
              case "install" -> "  (downloaded, waits to be installed)";
              default -> "";
            });
    int files = document.path("transfers").size();
    out.println(
        files == 0
            ? "download   nothing, it is here already"
            : "download   "
                + SizeText.bytes(Json.number(document, "downloadBytes"))
                + " in "
                + files
                + (files == 1 ? " file" : " files"));
    if (options().sizes()) {
      out.println("needs      " + SizeText.bytes(Json.number(document, "installBytes")));
    }
    if (options().legend()) {
      out.println();
      out.println("Get it with: particle-update apply");
    }
  }
}
