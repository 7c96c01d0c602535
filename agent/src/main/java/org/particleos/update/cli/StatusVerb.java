package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.particleos.update.assess.RunningBoot;
import org.particleos.update.assess.Standing;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.Stage;
import org.particleos.update.definition.Target;
import org.particleos.update.disk.Partition;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.plan.VersionSets;
import org.particleos.update.update.FurtherState;
import org.particleos.update.update.Overview;
import org.particleos.update.update.Updater;
import org.particleos.update.version.Version;

/** A picture of the machine: every slot and boot entry, what it holds and what becomes of it. */
final class StatusVerb extends Verb {
  StatusVerb() {
    super(
        "status",
        "Show the slots of the disk and the boot entries. Asks no server.",
        Spelling.OWN,
        Access.READ_ONLY,
        1,
        ONE_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    options().json(); // a wrong mode is refused before anything is looked at
    try (Updater updater = updater(progress())) {
      Overview overview = updater.overview(VersionSets.View.OFFLINE);
      answer(document(overview, updater.furtherStates(overview)));
      return ExitStatus.OK;
    }
  }

  @Override
  void show(JsonNode document) {
    terminal()
        .out()
        .print(new StatusText(terminal(), document, options().verbose()).text(options().legend()));
  }

  private static ObjectNode document(Overview overview, List<FurtherState> further) {
    ObjectNode node = Json.object();
    node.put("booted", overview.bootedVersion().orElse(null));
    node.put(
        "installed", Views.newestWhole(overview).map(set -> set.version().text()).orElse(null));
    boot(node, overview.running());
    FailedNodes.put(node, overview.failed());
    HealthVerb.put(node, overview);
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
        if (instance instanceof Instance.InPartition slot) {
          one.put("slot", slot.partition().number());
        }
      }
      transfer.put("emptySlots", inventory.freeSlots().size());
      if (inventory.transfer().target() instanceof Place.Disk) {
        ArrayNode numbers = transfer.putArray("emptySlotNumbers");
        inventory.freeSlots().stream().map(Partition::number).sorted().forEach(numbers::add);
      }
      if (inventory.transfer().transfer().target() instanceof Target.FileSystem target
          && target.mirrored()) {
        ArrayNode places = transfer.putArray("further");
        further.stream()
            .filter(state -> state.transferId().equals(inventory.transfer().id()))
            .forEach(state -> put(places.addObject(), state));
      }
    }
    return node;
  }

  /** How a further boot partition stands to the one of the transfer. */
  private static void put(ObjectNode node, FurtherState state) {
    node.put("path", state.place().toString());
    node.put("inStep", state.inStep());
    state.missing().forEach(node.putArray("missing")::add);
    state.renamed().forEach(node.putArray("renamed")::add);
    state.surplus().forEach(node.putArray("surplus")::add);
    node.put("why", state.why().orElse(null));
  }

  /** What was started and how that stands. */
  private static void boot(ObjectNode node, RunningBoot running) {
    ObjectNode boot = node.putObject("boot");
    boot.put("entry", running.entry().orElse(null));
    boot.put("version", running.version().map(Version::text).orElse(null));
    boot.put("standing", running.standing().word());
    switch (running.standing()) {
      case Standing.BeingTried(var left, var done) ->
          boot.put("triesLeft", left).put("triesDone", done);
      case Standing.NotCounted(var left) -> boot.put("triesLeft", left);
      case Standing.Unknown(var why) -> boot.put("why", why);
      case Standing.Blessed() -> {}
    }
    ArrayNode unknown = boot.putArray("unknown");
    running.unknown().forEach(unknown::add);
    ArrayNode conflicts = boot.putArray("conflicts");
    running.conflicts().forEach(conflicts::add);
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
      if (instance.stage() == Stage.INSTALLED && overview.failed(version).isPresent()) {
        words.add("did not come up");
      }
      words.add(left == 0 ? "tries used up" : left == 1 ? "1 try left" : left + " tries left");
    }
    return words;
  }
}
