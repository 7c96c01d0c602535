package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.plan.VersionSet.Flags;
import org.particleos.update.update.Cost;
import org.particleos.update.update.Overview;
import org.particleos.update.update.Updater;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** All versions, or one in detail (update-algorithm.md 6.1, 19.1, 19.2). */
@Command(
    name = "list",
    description = "List the installed and offered versions, or show one of them in detail.",
    exitCodeOnInvalidInput = 1)
final class ListVerb extends Verb {
  @Parameters(arity = "0..1", paramLabel = "VERSION", description = "Show this version in detail.")
  private @Nullable String version;

  ListVerb() {
    super(Spelling.REFERENCE, Access.READ_ONLY, 1, ONE_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    JsonMode json = options().json();
    try (Updater updater = updater(progress())) {
      Overview overview = updater.overview(view());
      if (version == null) {
        if (json == JsonMode.OFF) {
          new Pager(terminal(), context().machine().environment(), options().pager())
              .show(table(overview, updater).text(options().legend()));
        } else {
          ObjectNode node = node(overview);
          if (options().sizes()) {
            node.set("sizes", sizes(overview, updater));
          }
          Json.print(terminal().out(), json, node);
        }
        return ExitStatus.OK;
      }
      VersionSet set = overview.named(version);
      var contents = new ContentsView(set);
      if (json == JsonMode.OFF) {
        terminal().out().print(details(set));
        if (options().sizes()) {
          terminal().out().print(costs(updater.cost(set)));
        }
        terminal().out().println();
        terminal().out().print(contents.text(options().legend()));
      } else {
        ObjectNode node = node(set, contents);
        if (options().sizes()) {
          put(node, updater.cost(set));
        }
        Json.print(terminal().out(), json, node);
      }
      return ExitStatus.OK;
    }
  }

  // ---- All versions ----

  private Table table(Overview overview, Updater updater) throws UpdateException {
    List<String> header =
        new ArrayList<>(List.of("", "VERSION", "INSTALLED", "AVAILABLE", "ASSESSMENT"));
    if (options().sizes()) {
      header.addAll(List.of("DOWNLOAD", "NEEDS"));
    }
    var table = new Table(header.toArray(String[]::new));
    for (VersionSet set : overview.sets().all()) {
      String tick = terminal().glyph("✓", "+");
      List<String> row =
          new ArrayList<>(
              List.of(
                  glyph(set.flags()),
                  set.version().text(),
                  set.flags().installed() ? tick : "",
                  set.flags().available() ? tick : "",
                  set.assessment()));
      if (options().sizes()) {
        if (set.flags().available()) {
          Cost cost = updater.cost(set);
          row.add(SizeText.bytes(cost.downloadBytes()));
          row.add(SizeText.bytes(cost.installBytes()));
        } else {
          row.addAll(List.of("-", "-"));
        }
      }
      table.add(row);
    }
    return table;
  }

  private static ArrayNode sizes(Overview overview, Updater updater) throws UpdateException {
    ArrayNode all = Json.object().arrayNode();
    for (VersionSet set : overview.sets().all()) {
      if (set.flags().available()) {
        put(all.addObject().put("version", set.version().text()), updater.cost(set));
      }
    }
    return all;
  }

  private static void put(ObjectNode node, Cost cost) {
    Json.put(node, "downloadBytes", cost.downloadBytes());
    Json.put(node, "installBytes", cost.installBytes());
  }

  private static String costs(Cost cost) {
    return " Download: "
        + SizeText.bytes(cost.downloadBytes())
        + "\n    Needs: "
        + SizeText.bytes(cost.installBytes())
        + "\n";
  }

  /** The first rule of update-algorithm.md 5 that applies. */
  private String glyph(Flags flags) {
    if (flags.obsolete() || (!flags.installed() && !flags.available())) {
      return terminal().paint(flags.newest() ? "1;90" : "90", terminal().glyph("×", "x"));
    }
    if (flags.partial() || flags.pending()) {
      return terminal().paint("36", terminal().glyph("⤵\ufe0f", "\\"));
    }
    String colour = flags.installed() && flags.incomplete() ? "33" : "";
    if (flags.installed() && flags.newest()) {
      return terminal().paint(colour.isEmpty() ? "1" : colour, terminal().glyph("●", "*"));
    }
    if (flags.installed() && flags.protectedVersion()) {
      return terminal().paint(colour.isEmpty() ? "35" : colour, terminal().glyph("○", "*"));
    }
    if (flags.available() && flags.newest() && !flags.installed()) {
      return terminal().paint("32", terminal().glyph("↻", "*"));
    }
    return " ";
  }

  private static ObjectNode node(Overview overview) {
    ObjectNode node = Json.object();
    Optional<VersionSet> newest = overview.sets().newestInstalled();
    boolean pending = newest.filter(set -> set.flags().pending()).isPresent();
    node.put(
        pending ? "current+pending" : "current",
        newest.map(set -> set.version().text()).orElse(null));
    ArrayNode all = node.putArray("all");
    overview.sets().all().forEach(set -> all.add(set.version().text()));
    ArrayNode urls = node.putArray("appstreamUrls");
    Set<String> distinct = new LinkedHashSet<>();
    for (Inventory inventory : overview.enabled()) {
      distinct.addAll(inventory.transfer().transfer().appStream());
    }
    distinct.forEach(urls::add);
    return node;
  }

  // ---- One version ----

  private String details(VersionSet set) {
    Flags flags = set.flags();
    String installed =
        yes(flags.installed())
            + (flags.installed() && flags.newest() ? " (newest)" : "")
            + (flags.incomplete() ? " (incomplete)" : "")
            + (flags.pending() ? " (pending)" : "")
            + (flags.partial() ? " (partial)" : "");
    boolean newestOffer = flags.available() && flags.newest() && !flags.installed();
    var text = new StringBuilder();
    text.append(glyph(flags)).append(" Version: ").append(set.version()).append('\n');
    text.append("    State: ").append(set.assessment()).append('\n');
    text.append("Installed: ").append(installed).append('\n');
    text.append("Available: ").append(yes(flags.available()));
    text.append(newestOffer ? " (newest)\n" : "\n");
    text.append("Protected: ").append(yes(flags.installed() && flags.protectedVersion()));
    text.append("\n Obsolete: ").append(yes(flags.obsolete())).append('\n');
    for (String url : changeLogs(set)) {
      text.append("ChangeLog: ").append(url).append('\n');
    }
    return text.toString();
  }

  private static String yes(boolean value) {
    return value ? "yes" : "no";
  }

  private static Set<String> changeLogs(VersionSet set) {
    Set<String> urls = new LinkedHashSet<>();
    set.members()
        .forEach(member ->
            member
                .inventory()
                .transfer()
                .transfer()
                .changeLog()
                .forEach(url -> urls.add(url.replace("@v", set.version().text()))));
    return urls;
  }

  private static ObjectNode node(VersionSet set, ContentsView contents) {
    Flags flags = set.flags();
    ObjectNode node = Json.object();
    node.put("version", set.version().text());
    node.put("newest", flags.newest());
    node.put("available", flags.available());
    node.put("installed", flags.installed());
    node.put("partial", flags.partial());
    node.put("pending", flags.pending());
    node.put("obsolete", flags.obsolete());
    node.put("protected", flags.protectedVersion());
    node.put("incomplete", flags.incomplete());
    ArrayNode urls = node.putArray("changelogUrls");
    changeLogs(set).forEach(urls::add);
    node.set("contents", contents.node());
    return node;
  }
}
