package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.Stage;
import org.particleos.update.disk.Partition;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.plan.VersionSets;
import org.particleos.update.update.Overview;
import org.particleos.update.update.Updater;
import picocli.CommandLine.Command;

/** A picture of the machine: every slot and boot entry, what it holds and what becomes of it. */
@Command(
    name = "status",
    description = "Show the slots of the disk and the boot entries. Asks no server.")
final class StatusVerb extends Verb {
  StatusVerb() {
    super(Spelling.OWN, Access.READ_ONLY, 1, ONE_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    JsonMode json = options().json();
    try (Updater updater = updater(progress())) {
      Overview overview = updater.overview(VersionSets.View.OFFLINE);
      if (json == JsonMode.OFF) {
        print(overview);
      } else {
        Json.print(terminal().out(), json, node(overview));
      }
      return ExitStatus.OK;
    }
  }

  // ---- What is to be seen ----

  /** One slot of a partition transfer; without an instance it is empty. */
  private record Slot(Partition partition, Optional<Instance> instance) {}

  private static List<Slot> slots(Inventory inventory) {
    List<Slot> slots = new ArrayList<>();
    inventory.freeSlots().forEach(free -> slots.add(new Slot(free, Optional.empty())));
    for (Instance instance : inventory.held()) {
      if (instance instanceof Instance.InPartition held) {
        slots.add(new Slot(held.partition(), Optional.of(held)));
      }
    }
    slots.sort(Comparator.comparingInt(slot -> slot.partition().number()));
    return slots;
  }

  /** In words, what matters about an instance; the first word is how far it has come. */
  private static List<String> words(Overview overview, Inventory inventory, Instance instance) {
    List<String> words = new ArrayList<>();
    String version = instance.version().text();
    boolean running =
        instance.stage() == Stage.INSTALLED
            && overview.bootedVersion().filter(version::equals).isPresent();
    words.add(
        switch (instance.stage()) {
          case PARTIAL -> "partial";
          case PENDING -> "pending";
          case INSTALLED -> running ? "running" : "installed";
          case OFFERED -> throw new IllegalStateException("an offer is not held: " + instance);
        });
    if (!running && overview.slotUse().inUse(instance)) {
      words.add("in use");
    }
    if (inventory.transfer().transfer().protectVersions().contains(version)) {
      words.add("protected");
    }
    if (instance.metadata().triesLeft().isPresent()) {
      long left = instance.metadata().triesLeft().getAsLong();
      words.add(left == 0 ? "tries used up" : left == 1 ? "1 try left" : left + " tries left");
    }
    return words;
  }

  private String glyph(Instance instance, boolean running) {
    return switch (instance.stage()) {
      case PARTIAL -> terminal().paint("36", terminal().glyph("◔", "%"));
      case PENDING -> terminal().paint("36", terminal().glyph("◑", "="));
      case INSTALLED ->
          running
              ? terminal().paint("1;32", terminal().glyph("●", "*"))
              : terminal().glyph("○", "o");
      case OFFERED -> throw new IllegalStateException("an offer is not held: " + instance);
    };
  }

  // ---- As a picture ----

  private void print(Overview overview) {
    PrintStream out = terminal().out();
    out.println("running    " + overview.bootedVersion().orElse("unknown (no IMAGE_VERSION=)"));
    Optional<VersionSet> whole = Views.newestWhole(overview);
    out.println("installed  " + whole.map(set -> set.version().text()).orElse("nothing"));

    Map<Path, List<Inventory>> disks = new LinkedHashMap<>();
    List<Inventory> directories = new ArrayList<>();
    for (Inventory inventory : overview.enabled()) {
      if (inventory.transfer().target() instanceof Place.Disk(var device)) {
        disks.computeIfAbsent(device, _ -> new ArrayList<>()).add(inventory);
      } else {
        directories.add(inventory);
      }
    }
    disks.forEach((device, inventories) -> printDisk(overview, device, inventories));
    directories.forEach(inventory -> printDirectory(overview, inventory));
    if (options().legend()) {
      out.println();
      out.println(advice(overview, whole));
    }
  }

  private void printDisk(Overview overview, Path device, List<Inventory> inventories) {
    terminal().out().println();
    terminal().out().println("Slots on " + device);
    List<List<String>> rows = new ArrayList<>();
    int width = 0;
    for (Inventory inventory : inventories) {
      List<String> cells = new ArrayList<>();
      for (Slot slot : slots(inventory)) {
        String cell = slot.partition().number() + ": " + slotText(overview, inventory, slot);
        cells.add(cell);
        width = Math.max(width, Table.width(cell));
      }
      rows.add(cells);
    }
    for (int i = 0; i < rows.size(); i++) {
      var line = new StringBuilder(name(inventories.get(i)));
      for (String cell : rows.get(i)) {
        line.append(terminal().glyph("│ ", "| "))
            .append(cell)
            .repeat(" ", width - Table.width(cell) + 1);
      }
      terminal().out().println(line.append(terminal().glyph("│", "|")));
    }
  }

  private String slotText(Overview overview, Inventory inventory, Slot slot) {
    if (slot.instance().isEmpty()) {
      return terminal().glyph("·", "-") + " empty";
    }
    return text(overview, inventory, slot.instance().get());
  }

  private String text(Overview overview, Inventory inventory, Instance instance) {
    List<String> words = words(overview, inventory, instance);
    return glyph(instance, words.getFirst().equals("running"))
        + " "
        + instance.version()
        + " "
        + String.join(", ", words);
  }

  private void printDirectory(Overview overview, Inventory inventory) {
    var directory = (Place.Directory) inventory.transfer().target();
    terminal().out().println();
    terminal().out().println(name(inventory).strip() + " in " + directory.path());
    if (inventory.held().isEmpty()) {
      terminal().out().println("  nothing");
    }
    for (Instance instance : inventory.held()) {
      Path path = ((Instance.InDirectory) instance).path();
      terminal()
          .out()
          .println(
              "  "
                  + text(overview, inventory, instance)
                  + "  ("
                  + directory.path().relativize(path)
                  + ")");
    }
  }

  private static String name(Inventory inventory) {
    return String.format(Locale.ROOT, "  %-18s", inventory.transfer().id());
  }

  private static String advice(Overview overview, Optional<VersionSet> whole) {
    boolean unfinished =
        overview.sets().all().stream()
            .anyMatch(set -> set.flags().partial() || set.flags().pending());
    if (unfinished) {
      return "An update is unfinished. Continue it with: particle-update apply";
    }
    Optional<String> booted = overview.bootedVersion();
    if (booted.isPresent()
        && whole.isPresent()
        && !whole.get().version().text().equals(booted.get())) {
      return "Restart the machine to use version " + whole.get().version() + ".";
    }
    return "Look for a newer version with: particle-update check";
  }

  // ---- As JSON ----

  private static ObjectNode node(Overview overview) {
    ObjectNode node = Json.object();
    node.put("booted", overview.bootedVersion().orElse(null));
    node.put(
        "installed", Views.newestWhole(overview).map(set -> set.version().text()).orElse(null));
    ArrayNode versions = node.putArray("versions");
    for (VersionSet set : overview.sets().all()) {
      versions.addObject().put("version", set.version().text()).put("assessment", set.assessment());
    }
    ArrayNode transfers = node.putArray("transfers");
    for (Inventory inventory : overview.enabled()) {
      ObjectNode transfer = transfers.addObject();
      transfer.put("id", inventory.transfer().id());
      transfer.put(
          "target",
          switch (inventory.transfer().target()) {
            case Place.Disk(var device) -> device.toString();
            case Place.Directory(var path) -> path.toString();
          });
      ArrayNode held = transfer.putArray("held");
      for (Instance instance : inventory.held()) {
        ObjectNode one = held.addObject();
        one.put("version", instance.version().text());
        one.put("path", instance.location());
        ArrayNode states = one.putArray("state");
        words(overview, inventory, instance).forEach(states::add);
      }
      transfer.put("emptySlots", inventory.freeSlots().size());
    }
    return node;
  }
}
