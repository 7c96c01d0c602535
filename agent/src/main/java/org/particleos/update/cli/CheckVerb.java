package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.Member;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.update.Cost;
import org.particleos.update.update.Overview;
import org.particleos.update.update.Updater;
import picocli.CommandLine.Command;

/** Says at a glance what is running, installed and offered, and what an update would cost. */
@Command(
    name = "check",
    description = "Say what is installed, what is offered and how much would be downloaded.")
final class CheckVerb extends Verb {
  CheckVerb() {
    super(Spelling.OWN, Access.READ_ONLY, 1, ONE_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    JsonMode json = options().json();
    try (Updater updater = updater(progress())) {
      Overview overview = updater.overview(view());
      Optional<VersionSet> candidate = overview.sets().candidate();
      Cost cost =
          candidate.isPresent()
              ? updater.cost(candidate.get())
              : new Cost(OptionalLong.empty(), OptionalLong.empty());
      if (json == JsonMode.OFF) {
        print(overview, candidate, cost);
      } else {
        Json.print(terminal().out(), json, node(overview, candidate, cost));
      }
      return candidate.isPresent() ? ExitStatus.OK : ExitStatus.NO_UPDATE;
    }
  }

  private void print(Overview overview, Optional<VersionSet> candidate, Cost cost) {
    PrintStream out = terminal().out();
    Optional<VersionSet> installed = Views.newestWhole(overview);
    out.println("running    " + overview.bootedVersion().orElse("unknown (no IMAGE_VERSION=)"));
    out.println("installed  " + installed.map(set -> set.version().text()).orElse("nothing"));
    if (candidate.isEmpty()) {
      out.println("offered    nothing newer");
      return;
    }
    VersionSet set = candidate.get();
    out.println("offered    " + terminal().paint("1;32", set.version().text()) + why(set));
    List<Member> fetched = set.members().stream().filter(m -> !m.acquired()).toList();
    out.println(
        fetched.isEmpty()
            ? "download   nothing, it is here already"
            : "download   "
                + SizeText.bytes(cost.downloadBytes())
                + " in "
                + fetched.size()
                + (fetched.size() == 1 ? " file" : " files"));
    if (options().sizes()) {
      out.println("needs      " + SizeText.bytes(cost.installBytes()));
    }
    if (options().legend()) {
      out.println();
      out.println("Get it with: particle-update apply");
    }
  }

  private static String why(VersionSet set) {
    if (set.flags().incomplete()) {
      return "  (repairs the installed version, of which a part is missing)";
    }
    if (set.flags().partial()) {
      return "  (continues an interrupted download)";
    }
    if (set.flags().pending()) {
      return set.acquired()
          ? "  (downloaded, waits to be installed)"
          : "  (continues an interrupted download)";
    }
    return "";
  }

  private static ObjectNode node(Overview overview, Optional<VersionSet> candidate, Cost cost) {
    ObjectNode node = Json.object();
    node.put("booted", overview.bootedVersion().orElse(null));
    node.put(
        "installed", Views.newestWhole(overview).map(set -> set.version().text()).orElse(null));
    node.put("available", candidate.map(set -> set.version().text()).orElse(null));
    if (candidate.isPresent()) {
      Json.put(node, "downloadBytes", cost.downloadBytes());
      Json.put(node, "installBytes", cost.installBytes());
      ArrayNode transfers = node.putArray("transfers");
      for (Member member : candidate.get().members()) {
        if (!member.acquired()) {
          transfers.add(member.inventory().transfer().id());
        }
      }
    }
    return node;
  }
}
