package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.plan.VersionSet.Flags;
import org.particleos.update.update.Cost;
import org.particleos.update.update.Overview;
import org.particleos.update.update.Updater;

/** All versions, or one in detail (update-algorithm.md 6.1, 19.1, 19.2). */
final class ListVerb extends Verb {
  private final Given version = arguments().word("0..1", "VERSION", "Show this version in detail.");

  ListVerb() {
    super(
        "list",
        "List the installed and offered versions, or show one of them in detail.",
        Spelling.REFERENCE,
        Access.READ_ONLY,
        1,
        ONE_INSTALLATION);
  }

  @Override
  Optional<String> version() {
    return version.text();
  }

  @Override
  ExitStatus run() throws UpdateException {
    options().json(); // a wrong mode is refused before anything is asked for
    try (Updater updater = updater(progress())) {
      Overview overview = updater.overview(view());
      answer(
          version.text().isEmpty()
              ? document(overview, updater)
              : document(overview.named(version.text().get()), updater));
      return ExitStatus.OK;
    }
  }

  /**
   * The reference's answer has no more than names. What the table shows besides is for programs
   * that watch, which are ours.
   */
  @Override
  ObjectNode printed(ObjectNode document) {
    if (!options().progressAsJson()) {
      document.remove(VersionsText.VERSIONS);
    }
    return document;
  }

  @Override
  void show(JsonNode document) {
    var text = new VersionsText(terminal(), options().legend(), options().sizes());
    if (version.text().isEmpty()) {
      new Pager(terminal(), context().machine().environment(), options().pager())
          .show(text.all(document));
    } else {
      terminal().out().print(text.one(document));
    }
  }

  // ---- All versions ----

  private ObjectNode document(Overview overview, Updater updater) throws UpdateException {
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
    ArrayNode versions = node.putArray(VersionsText.VERSIONS);
    for (VersionSet set : overview.sets().all()) {
      flags(versions.addObject(), set).put("assessment", set.assessment());
    }
    if (options().sizes()) {
      ArrayNode sizes = node.putArray("sizes");
      for (VersionSet set : overview.sets().all()) {
        if (set.flags().available()) {
          put(sizes.addObject().put("version", set.version().text()), updater.cost(set));
        }
      }
    }
    return node;
  }

  private static void put(ObjectNode node, Cost cost) {
    Json.put(node, "downloadBytes", cost.downloadBytes());
    Json.put(node, "installBytes", cost.installBytes());
  }

  // ---- One version ----

  private ObjectNode document(VersionSet set, Updater updater) throws UpdateException {
    ObjectNode node = flags(Json.object(), set);
    ArrayNode urls = node.putArray("changelogUrls");
    changeLogs(set).forEach(urls::add);
    node.set("contents", new Contents(set).node());
    if (options().sizes()) {
      put(node, updater.cost(set));
    }
    return node;
  }

  private static ObjectNode flags(ObjectNode node, VersionSet set) {
    Flags flags = set.flags();
    if (flags.quarantined()) {
      node.put("quarantined", true); // a key that the reference does not have
    }
    return node.put("version", set.version().text())
        .put("newest", flags.newest())
        .put("available", flags.available())
        .put("installed", flags.installed())
        .put("partial", flags.partial())
        .put("pending", flags.pending())
        .put("obsolete", flags.obsolete())
        .put("protected", flags.protectedVersion())
        .put("incomplete", flags.incomplete());
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
}
