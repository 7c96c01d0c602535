package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.assess.FailedVersion;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.ResolvedSource;
import org.particleos.update.catalog.ResolvedTransfer;
import org.particleos.update.definition.Target;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.install.CountedEntry;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.loader.BootLoader;
import org.particleos.update.loader.LoaderSlot;
import org.particleos.update.loader.Verdict;
import org.particleos.update.plan.VacuumPlan;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.plan.VersionSets;
import org.particleos.update.trust.Keyring;
import org.particleos.update.trust.KeyringLocation;
import org.particleos.update.update.Finding.Level;

/**
 * Goes through everything an update needs and says what is there and what would go wrong. Changes
 * nothing. Each part is looked at even if another one has failed, as far as that can be.
 */
final class Examination {
  /** There if the running system was started by UEFI. */
  private static final Path FIRMWARE = Path.of("/sys/firmware/efi");

  private final Run run;
  private final Survey survey;
  private final List<Finding> findings = new ArrayList<>();

  Examination(Run run, Survey survey) {
    this.run = run;
    this.survey = survey;
  }

  /** A part of the examination. */
  private interface Part<T> {
    T look() throws UpdateException;
  }

  private <T> Optional<T> look(String about, Part<T> part) {
    try {
      return Optional.of(part.look());
    } catch (UpdateException e) {
      findings.add(Finding.failure(about, e));
      return Optional.empty();
    }
  }

  private void good(String about, String text) {
    findings.add(new Finding(Level.GOOD, about, text, "", Optional.empty()));
  }

  private void warning(String about, String text, String remedy) {
    findings.add(new Finding(Level.WARNING, about, text, remedy, Optional.empty()));
  }

  List<Finding> findings(VersionSets.View view) {
    Optional<Installation> loaded =
        look(
            "definitions",
            () ->
                Installation.load(
                    run.machine(), run.settings(), Installation.Need.ENABLED_COMPONENT));
    if (loaded.isEmpty()) {
      return List.copyOf(findings);
    }
    Installation installation = loaded.get();
    definitions(installation);
    runningVersion(installation);
    keyrings(installation);
    order(installation);
    Optional<Overview> held =
        look("targets", () -> survey.look(installation, VersionSets.View.OFFLINE));
    held.ifPresent(this::starts);
    held.ifPresent(this::targets);
    held.ifPresent(this::further);
    if (Installation.component(run.settings().place()).isEmpty()) {
      bootLoader();
    }
    if (view == VersionSets.View.ONLINE && held.isPresent()) {
      look("server", () -> survey.overview(installation, view)).ifPresent(this::offers);
    }
    return List.copyOf(findings);
  }

  /** Boot partitions of other disks. */
  private void further(Overview overview) {
    for (FurtherState state : new StepKeeper(run, survey).states(overview.enabled())) {
      String about = "further boot partition";
      String what =
          Quote.quote(state.place().toString()) + " for " + Quote.quote(state.transferId());
      if (state.inStep()) {
        good(about, what + " is in step");
      } else if (state.why().isPresent()) {
        warning(
            about,
            what + " is not in step: it " + state.why().get(),
            "mount it for writing, or correct AlsoTo=; then run particle-update apply");
      } else {
        warning(
            about,
            what + " is not in step",
            "run particle-update apply; what is missing there shows particle-update status");
      }
    }
  }

  private void definitions(Installation installation) {
    installation
        .definitions()
        .warnings()
        .forEach(
            warning -> warning("definitions", warning.toString(), "correct that line of the file"));
    int enabled = installation.enabled().size();
    String text = enabled + (enabled == 1 ? " transfer" : " transfers");
    if (!installation.disabled().isEmpty()) {
      text += ", " + installation.disabled().size() + " more of features that are off";
    }
    if (enabled == 0) {
      warning("definitions", text, "enable a feature that the transfers name in Features=");
    } else {
      good("definitions", text);
    }
  }

  private void runningVersion(Installation installation) {
    if (Installation.component(run.settings().place()).isPresent()) {
      return; // has nothing that runs
    }
    if (installation.bootedVersion().isPresent()) {
      good("running version", installation.bootedVersion().get());
    } else {
      warning(
          "running version",
          "os-release has no IMAGE_VERSION=, so the running version cannot be told from others",
          "ask the publisher to set IMAGE_VERSION= in the image, or name what is to stay in"
              + " ProtectVersion=");
    }
  }

  private void keyrings(Installation installation) {
    List<ResolvedTransfer> web =
        installation.enabled().stream()
            .filter(transfer ->
                transfer.sources().stream().anyMatch(ResolvedSource.Web.class::isInstance))
            .toList();
    if (web.isEmpty()) {
      return;
    }
    if (web.stream().noneMatch(survey::verify)) {
      warning(
          "keyrings",
          "signatures are not verified: whoever controls the server controls this machine",
          "leave out Verify=no and --verify=no");
      return;
    }
    InstantSource clock = run.machine().clock();
    look(
            "keyrings",
            () -> new KeyringLocation(run.machine().root(), run.machine().environment()).load())
        .ifPresent(keyring -> describe(keyring, clock));
  }

  private void describe(Keyring keyring, InstantSource clock) {
    keyring.warnings().forEach(text -> warning("keyrings", text, "export the keyring again"));
    List<Keyring.Certificate> certificates = keyring.certificates(clock.instant());
    for (Keyring.Certificate certificate : certificates) {
      String text =
          certificate.fingerprint()
              + certificate.userIds().stream()
                  .findFirst()
                  .map(user -> " " + Quote.quote(user))
                  .orElse("");
      Optional<Instant> expires = certificate.expires();
      if (expires.isPresent() && expires.get().isBefore(clock.instant())) {
        warning(
            "keyrings",
            text + " has expired on " + expires.get(),
            "install the publisher's new key");
      } else {
        good("keyrings", text);
      }
    }
    if (certificates.isEmpty()) {
      warning("keyrings", "no key in " + keyring.files(), "install the publisher's keys");
    }
  }

  /** What makes a version bootable comes last. */
  private void order(Installation installation) {
    Optional<ResolvedTransfer> entry = Optional.empty();
    for (ResolvedTransfer transfer : installation.enabled()) {
      if (transfer.target() instanceof Place.Directory(var path)
          && path.endsWith(Path.of("EFI/Linux"))) {
        entry = Optional.of(transfer);
      } else if (transfer.target() instanceof Place.Disk && entry.isPresent()) {
        warning(
            "order",
            "transfer "
                + entry.get().id()
                + " installs the boot entry before "
                + transfer.id()
                + ", which it needs",
            "give the boot entry the highest number of all transfers");
      }
    }
  }

  /** What did not come up, and what does not fit together of what runs. */
  private void starts(Overview overview) {
    for (FailedVersion failed : overview.failed()) {
      warning(
          "version " + failed.version(),
          failed.story() + "; reason: " + failed.why(),
          failed.rebuilt()
              ? "another build of it is offered: particle-update apply"
              : "wait for the next version, or try it again: particle-update lift-quarantine "
                  + failed.version());
    }
    for (String conflict : overview.running().conflicts()) {
      warning(
          "running version",
          conflict,
          "see which boot entry is started: particle-update status --verbose");
    }
  }

  private void targets(Overview overview) {
    VacuumPlan plan = new Vacuum(run, new StepKeeper(run, survey)).plan(overview);
    for (Inventory inventory : overview.enabled()) {
      String about = "target " + inventory.transfer().id();
      look(
              about,
              () ->
                  plan.removals(
                      inventory,
                      VacuumPlan.Room.ONE,
                      Optional.empty(),
                      inventory.freeSlots().size()))
          .ifPresent(_ -> good(about, describe(inventory)));
      if (inventory.transfer().target() instanceof Place.Directory(var path)) {
        look(about, () -> writable(path));
        if (inventory.transfer().transfer().target() instanceof Target.FileSystem target
            && target.anchor().isBootPartition()) {
          bootEntries(about, inventory, path);
        }
      }
    }
  }

  /** What keeps a boot loader from counting tries, and what takes its room. */
  private void bootEntries(String about, Inventory inventory, Path directory) {
    Kernel kernel = run.machine().kernel();
    List<Path> held =
        inventory.held().stream().map(instance -> Path.of(instance.location())).toList();
    for (Path entry : held) {
      look(about, () -> status(kernel, entry))
          .filter(status ->
              CountedEntry.is(entry)
                  && status.map(found -> CountedEntry.stopsCounting(found.mode())).orElse(false))
          .ifPresent(_ ->
              warning(
                  about,
                  Quote.quote(entry.toString())
                      + " is read-only, so that the boot loader cannot count its tries",
                  "run particle-update apply, which makes it writable, or chmod u+w"));
    }
    look(about, () -> run.files().leftovers(directory))
        .ifPresent(leftovers -> {
          long count = leftovers.stream().filter(leftover -> !held.contains(leftover)).count();
          if (count > 0) {
            warning(
                about,
                count
                    + (count == 1 ? " leftover" : " leftovers")
                    + " of interrupted writes in "
                    + Quote.quote(directory.toString()),
                "run particle-update apply or particle-update vacuum, which removes them");
          }
        });
  }

  /** Who has no ESP has no boot loader there, and no transfer that needs one. */
  private void bootLoader() {
    BootLoader.Inspection inspection;
    try {
      inspection = new LoaderKeeper(run).inspect(BootLoader.Extent.REFRESH);
    } catch (UpdateException e) {
      if (e.reason() != Reason.BOOT_PARTITION_NOT_FOUND) {
        findings.add(Finding.failure("boot loader", e));
      } else if (run.machine().isRunning() && Files.exists(FIRMWARE)) {
        warning("boot loader", "the ESP is not mounted (" + e.found().orElse("") + ")", e.remedy());
      }
      return;
    }
    String install = "run particle-update boot-loader install";
    for (BootLoader.Entry entry : inspection.entries()) {
      String file = Quote.quote(entry.path().toString());
      switch (entry.verdict()) {
        case Verdict.Absent() -> {}
        case Verdict.Current(var version) ->
            good("boot loader", file + " is systemd-boot " + version);
        case Verdict.Newer(var installed, var offered) ->
            good(
                "boot loader",
                file + " is systemd-boot " + installed + ", newer than " + offered + " in /usr");
        case Verdict.NotOffered(var installed) ->
            good("boot loader", file + " is systemd-boot " + installed);
        case Verdict.Replace(var installed, var offer) ->
            warning(
                "boot loader",
                file + " is systemd-boot " + installed + ", older than " + offer.version(),
                install);
        case Verdict.Create(var offer) ->
            warning("boot loader", file + " is missing, " + offer.version() + " could be", install);
        case Verdict.Foreign(var why) -> {
          String text = file + " " + why + "; it is left alone";
          if (entry.slot().kind() == LoaderSlot.Kind.SYSTEMD) {
            warning(
                "boot loader",
                text,
                "if it is a damaged systemd-boot, move it away and " + install);
          } else {
            good("boot loader", text);
          }
        }
      }
    }
    inspection
        .refused()
        .forEach(text ->
            warning("boot loader", text + "; it is not installed", "tell the publisher of /usr"));
    if (!inspection.leftovers().isEmpty()) {
      warning(
          "boot loader",
          "leftovers of interrupted writes: "
              + String.join(
                  ", ",
                  inspection.leftovers().stream().map(Path::toString).map(Quote::quote).toList()),
          install + ", which removes them");
    }
  }

  private static Optional<Kernel.FileStatus> status(Kernel kernel, Path path)
      throws UpdateException {
    try {
      return kernel.status(path);
    } catch (IOException e) {
      throw IoFailure.reading("looking at " + Quote.quote(path.toString()) + " failed", e);
    }
  }

  private static String describe(Inventory inventory) {
    int held = inventory.held().size();
    String text = held + (held == 1 ? " version" : " versions");
    return switch (inventory.transfer().target()) {
      case Place.Disk(var device) ->
          device + ": " + text + ", " + inventory.freeSlots().size() + " free";
      case Place.Directory(var path) -> path + ": " + text;
    };
  }

  /** The nearest existing directory, if its file system can be written. */
  private Path writable(Path directory) throws UpdateException {
    Kernel kernel = run.machine().kernel();
    Path existing = directory;
    try {
      while (kernel.statusFollowing(existing).isEmpty() && existing.getParent() != null) {
        existing = existing.getParent();
      }
      if (kernel.space(existing).readOnly()) {
        throw UpdateException.because(
                Reason.READ_ONLY,
                "the file system of " + Quote.quote(directory.toString()) + " is mounted read-only")
            .remedy("remount it for writing")
            .writeFailed();
      }
      return existing;
    } catch (IOException e) {
      throw IoFailure.reading(
          "asking for the free space of " + Quote.quote(existing.toString()) + " failed", e);
    }
  }

  private void offers(Overview overview) {
    Set<String> sources = new LinkedHashSet<>();
    for (Inventory inventory : overview.enabled()) {
      inventory.transfer().sources().forEach(source -> sources.add(source.location()));
    }
    for (String source : sources) {
      good("server", source);
    }
    Optional<VersionSet> candidate = overview.sets().candidate();
    if (candidate.isEmpty()) {
      good("update", "nothing newer is offered");
      return;
    }
    VersionSet set = candidate.get();
    var acquirer = new Acquirer(run, survey, new Vacuum(run, new StepKeeper(run, survey)));
    if (set.acquired()) {
      good("update", "version " + set.version() + " is here and waits to be installed");
    } else {
      look("update", () -> acquirer.plan(overview, set))
          .ifPresent(_ -> good("update", "version " + set.version() + " can be installed"));
    }
  }
}
