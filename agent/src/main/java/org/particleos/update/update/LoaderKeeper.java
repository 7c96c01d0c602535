package org.particleos.update.update;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.catalog.Place;
import org.particleos.update.definition.AlsoTo;
import org.particleos.update.definition.HostFacts;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.loader.BootLoader;
import org.particleos.update.loader.BootLoader.Extent;
import org.particleos.update.loader.BootLoader.Inspection;
import org.particleos.update.loader.FirmwareMachine;
import org.particleos.update.loader.LoaderSlot;
import org.particleos.update.loader.Verdict;
import org.particleos.update.pe.PeMachine;

/** Keeps the boot loader of the system that is worked on fresh. */
final class LoaderKeeper {
  private static final Path SYSFS = Path.of("/sys");

  private final Run run;
  private final Optional<PeMachine> firmware;
  private final BootLoader loader;

  LoaderKeeper(Run run) {
    Machine machine = run.machine();
    this.run = run;
    this.firmware =
        HostFacts.read(machine.root(), machine.environment())
            .architecture()
            .flatMap(architecture ->
                FirmwareMachine.of(
                    architecture,
                    machine.isRunning() ? Optional.of(SYSFS) : Optional.<Path>empty()));
    this.loader = BootLoader.of(machine.kernel(), machine.root(), machine.environment(), firmware);
  }

  void requireEsp() throws UpdateException {
    try {
      loader.esp();
    } catch (UpdateException e) {
      throw e.inState("nothing was changed");
    }
  }

  Inspection inspect(Extent extent) throws UpdateException {
    try {
      return loader.inspect(extent);
    } catch (UpdateException e) {
      throw e.inState("nothing was changed");
    }
  }

  /** What is on the further partitions that definitions keep in step. */
  List<Inspection> inspectFurther(AlsoTo alsoTo, Extent extent) throws UpdateException {
    List<Inspection> inspections = new ArrayList<>();
    further(alsoTo, esp -> inspections.add(esp.inspect(extent)));
    return inspections;
  }

  /** What is done to the boot loader of one further partition. */
  @FunctionalInterface
  private interface Work {
    void on(BootLoader further) throws UpdateException;
  }

  /** The primary partition decides: what fails on a further one is told, and spoils nothing. */
  private void further(AlsoTo alsoTo, Work work) throws UpdateException {
    if (!alsoTo.anywhere()) {
      return;
    }
    for (FurtherPlaces.Further place : new FurtherPlaces(run.machine()).of(alsoTo, loader.esp())) {
      if (place.refused().isPresent()) {
        run.warnOnce(FurtherPlaces.notWritten(place));
        continue;
      }
      try {
        work.on(loader.on(place.mountPoint()));
      } catch (UpdateException.Interrupted e) {
        throw e;
      } catch (UpdateException e) {
        run.warn(
            "the boot loader of the further boot partition "
                + FurtherPlaces.quoted(place)
                + " is as it was: "
                + FurtherPlaces.story(e));
      }
    }
  }

  /**
   * From what the operating system brings along.
   *
   * @param alsoTo further partitions, of which nothing decides whether it succeeds
   */
  int install(Extent extent, AlsoTo alsoTo, String caller) throws UpdateException {
    try (var _ = lock(caller)) {
      Inspection inspection = inspect(extent);
      inspection.refused().forEach(text -> run.warn("passed over a boot loader: " + text));
      int[] written = {write(inspection)};
      further(alsoTo, esp -> written[0] += write(esp.inspect(extent)));
      if (extent == Extent.INSTALL) {
        requireInstalled(inspection);
      }
      return written[0];
    }
  }

  /** From a file that a transfer has brought. */
  void install(Path file, AlsoTo alsoTo, String caller) throws UpdateException {
    try (var _ = lock(caller)) {
      write(loader.inspect(file, Extent.REFRESH));
      further(alsoTo, esp -> write(esp.inspect(file, Extent.REFRESH)));
    }
  }

  /** Makes sure that a file that a transfer has brought is what it is to be. */
  void requireLoader(Path file) throws UpdateException {
    loader.requireLoader(file);
  }

  private InstallationLock lock(String caller) throws UpdateException {
    return InstallationLock.take(
        run.machine(),
        Set.of(new Place.Directory(loader.esp().resolve("EFI/systemd"))),
        "process " + ProcessHandle.current().pid() + " (" + caller + ")");
  }

  private int write(Inspection inspection) throws UpdateException {
    var mounts = new BootMounts(run.machine().kernel());
    mounts.note(inspection.esp());
    return loader.install(
        inspection,
        mounts::requireUnchanged,
        (entry, offer) -> {
          run.books().changed();
          run.books().chosen(offer.version().text());
          String before =
              entry.verdict() instanceof Verdict.Replace(var installed, _)
                  ? " in place of " + installed
                  : "";
          run.notice(
              "Installed systemd-boot "
                  + offer.version()
                  + before
                  + " as "
                  + Quote.quote(entry.path().toString())
                  + ".");
        });
  }

  /** Who asked for an installation wants to know why there is none. */
  private void requireInstalled(Inspection inspection) throws UpdateException {
    if (firmware.isEmpty()) {
      throw UpdateException.because(
              Reason.NOT_SUPPORTED, "cannot tell which boot loader this machine needs")
          .found("there is no UEFI firmware for its architecture")
          .state("other boot loaders were kept fresh")
          .remedy("install one with the tools of your distribution")
          .configuration();
    }
    var slot = new LoaderSlot(LoaderSlot.Kind.SYSTEMD, firmware.get());
    for (BootLoader.Entry entry : inspection.entries()) {
      if (!entry.slot().equals(slot)) {
        continue;
      }
      switch (entry.verdict()) {
        case Verdict.Foreign(var why) ->
            throw UpdateException.because(
                    Reason.BOOT_LOADER_FOREIGN,
                    "refused to replace " + Quote.quote(entry.path().toString()))
                .found("it " + why)
                .state("that file is as it was")
                .remedy(
                    "if it is a damaged systemd-boot, move it away and run the command again;"
                        + " anything else is not ours to replace")
                .notAvailable();
        case Verdict.Absent(), Verdict.NotOffered _ ->
            throw UpdateException.because(
                    inspection.refused().isEmpty()
                        ? Reason.BOOT_LOADER_MISSING
                        : Reason.BOOT_LOADER_INVALID,
                    "no systemd-boot for " + firmware.get().suffix() + " to install")
                .found(
                    inspection.refused().isEmpty()
                        ? "none in /usr/lib/systemd/boot/efi"
                        : String.join("; ", inspection.refused()))
                .state("what was there is as it was")
                .remedy("ask the publisher to put systemd-boot into the image")
                .notAvailable();
        case Verdict.Current _, Verdict.Newer _, Verdict.Replace _, Verdict.Create _ -> {}
      }
    }
  }
}
