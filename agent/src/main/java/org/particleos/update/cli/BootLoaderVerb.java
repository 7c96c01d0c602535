package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.cli.GlobalOptions.Choice;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.loader.BootLoader;
import org.particleos.update.loader.LoaderOffer;
import org.particleos.update.loader.Verdict;
import org.particleos.update.update.Updater;

/** Shows the boot loader on the ESP, and replaces it by a newer one. */
final class BootLoaderVerb extends Verb {
  /** Widest file name, so that the versions stand in one column. */
  private static final int FILE_COLUMNS = 40;

  private static final String STATUS = "status";
  private static final String INSTALL = "install";
  private static final String REFRESH = "refresh";

  private final Given chosen =
      arguments().word("0..1", "ACTION", "status, install or refresh; status if left out.");

  private final Given afterGoodBoot =
      arguments()
          .flag(
              "Do nothing as long as the running version still counts its tries, so that nobody has"
                  + " found it good yet.",
              "--after-good-boot");

  BootLoaderVerb() {
    super(
        "boot-loader",
        "Show the systemd-boot on the ESP and the one in /usr (status), put that of /usr in its"
            + " place where it is newer (install), or do so only where one is already (refresh)."
            + " Loaders of others, the random seed and the firmware's boot entries are left alone.",
        Spelling.OWN,
        Access.CHANGES,
        1,
        Set.of(Choice.OTHER_SYSTEM));
  }

  private String action() {
    return chosen.text().orElse(STATUS);
  }

  @Override
  Access access() {
    return action().equals(STATUS) ? Access.READ_ONLY : Access.CHANGES;
  }

  @Override
  ExitStatus run() throws UpdateException {
    options().json(); // a wrong mode is refused before anything is done
    String action = action();
    if (!List.of(STATUS, INSTALL, REFRESH).contains(action)) {
      throw UpdateException.because(
              Reason.OPTION_INVALID, "there is no action " + Quote.quote(action))
          .state("nothing was changed")
          .remedy("use one of status, install, refresh")
          .configuration();
    }
    try (Updater updater = updater(progress())) {
      ObjectNode document = Json.object();
      document.put("action", action);
      var extent = action.equals(REFRESH) ? BootLoader.Extent.REFRESH : BootLoader.Extent.INSTALL;
      if (action.equals(STATUS)) {
        document.put("written", 0).put("onTrial", false);
      } else {
        Updater.LoaderOutcome outcome =
            updater.installBootLoader(extent, afterGoodBoot.isSet(), caller());
        document.put("written", outcome.written()).put("onTrial", outcome.onTrial());
      }
      put(document, updater.bootLoader(extent));
      List<BootLoader.Inspection> further = updater.furtherBootLoaders(extent);
      if (!further.isEmpty()) {
        ArrayNode esps = document.putArray("further");
        for (BootLoader.Inspection inspection : further) {
          ObjectNode esp = esps.addObject().put("esp", inspection.esp().toString());
          putLoaders(esp, inspection);
        }
      }
      answer(document);
      return ExitStatus.OK;
    }
  }

  // ---- As JSON ----

  private static void put(ObjectNode document, BootLoader.Inspection inspection) {
    document.put("esp", inspection.esp().toString());
    ArrayNode offered = document.putArray("offered");
    for (LoaderOffer offer : inspection.offers()) {
      offered
          .addObject()
          .put("machine", offer.machine().suffix())
          .put("version", offer.version().text())
          .put("path", offer.path().toString())
          .put("signed", offer.signed());
    }
    ArrayNode unusable = document.putArray("unusable");
    inspection.refused().forEach(unusable::add);
    putLoaders(document, inspection);
  }

  private static void putLoaders(ObjectNode document, BootLoader.Inspection inspection) {
    ArrayNode loaders = document.putArray("loaders");
    for (BootLoader.Entry entry : inspection.entries()) {
      ObjectNode node = loaders.addObject();
      node.put("place", entry.slot().kind().name().toLowerCase(Locale.ROOT));
      node.put("machine", entry.slot().machine().suffix());
      node.put("path", entry.path().toString());
      put(node, entry.verdict());
    }
    ArrayNode leftovers = document.putArray("leftovers");
    inspection.leftovers().forEach(leftover -> leftovers.add(leftover.toString()));
  }

  private static void put(ObjectNode node, Verdict verdict) {
    switch (verdict) {
      case Verdict.Absent() -> node.put("state", "absent");
      case Verdict.Current(var version) ->
          node.put("state", "current").put("installed", version.text());
      case Verdict.Newer(var installed, var offered) ->
          node.put("state", "newer")
              .put("installed", installed.text())
              .put("offered", offered.text());
      case Verdict.NotOffered(var installed) ->
          node.put("state", "not-offered").put("installed", installed.text());
      case Verdict.Foreign(var why) -> node.put("state", "foreign").put("why", why);
      case Verdict.Replace(var installed, var offer) ->
          node.put("state", "older")
              .put("installed", installed.text())
              .put("offered", offer.version().text());
      case Verdict.Create(var offer) ->
          node.put("state", "missing").put("offered", offer.version().text());
    }
  }

  // ---- As text ----

  @Override
  void show(JsonNode document) {
    PrintStream out = terminal().out();
    out.println("ESP " + document.path("esp").asText());
    for (JsonNode offer : document.path("offered")) {
      out.println(
          "offered: systemd-boot "
              + offer.path("version").asText()
              + " for "
              + offer.path("machine").asText()
              + " ("
              + offer.path("path").asText()
              + ")");
    }
    document.path("unusable").forEach(text -> line("33", "!", text.asText()));
    showLoaders(document);
    for (JsonNode further : document.path("further")) {
      out.println("further ESP " + further.path("esp").asText());
      showLoaders(further);
    }
    int written = document.path("written").asInt();
    if (!options().legend() || document.path("action").asText().equals(STATUS)) {
      return;
    }
    out.println();
    out.println(
        document.path("onTrial").asBoolean()
            ? "Nothing was done: the running version still counts its tries."
            : written == 0
                ? "Nothing was to be done."
                : "Wrote " + written + (written == 1 ? " file." : " files."));
  }

  private void showLoaders(JsonNode document) {
    String esp = document.path("esp").asText();
    for (JsonNode loader : document.path("loaders")) {
      String path = loader.path("path").asText();
      String name = path.startsWith(esp + "/") ? path.substring(esp.length() + 1) : path;
      show(String.format(Locale.ROOT, "%-" + FILE_COLUMNS + "s ", name), loader);
    }
    document
        .path("leftovers")
        .forEach(text -> line("33", "!", text.asText() + " is left of an interrupted write"));
  }

  private void show(String name, JsonNode loader) {
    Optional<String> installed = Json.text(loader, "installed");
    Optional<String> offered = Json.text(loader, "offered");
    String version = installed.orElse("none");
    switch (loader.path("state").asText()) {
      case "current" -> good(name + version);
      case "newer" -> good(name + version + ", newer than " + offered.orElse("") + " in /usr");
      case "not-offered" -> good(name + version + ", none in /usr");
      case "older" -> line("33", "!", name + version + ", older than " + offered.orElse(""));
      case "missing" -> line("33", "!", name + "none, " + offered.orElse("") + " could be");
      case "foreign" -> line("", "-", name + "not ours: " + loader.path("why").asText());
      default -> line("", "-", name + "none");
    }
  }

  private void good(String text) {
    line("32", terminal().glyph("✓", "ok"), text);
  }

  private void line(String colour, String mark, String text) {
    String painted = colour.isEmpty() ? mark : terminal().paint(colour, mark);
    var line = new StringBuilder(painted).repeat(" ", Math.max(1, 3 - Table.width(painted)));
    terminal().out().println(line.append(text));
  }
}
