package org.particleos.update.update;

import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.catalog.Place;
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

  /** From what the operating system brings along. */
  int install(Extent extent, String caller) throws UpdateException {
    try (var _ = lock(caller)) {
      Inspection inspection = inspect(extent);
      inspection.refused().forEach(text -> run.warn("passed over a boot loader: " + text));
      int written = write(inspection);
      if (extent == Extent.INSTALL) {
        requireInstalled(inspection);
      }
      return written;
    }
  }

  /** From a file that a transfer has brought. */
  int install(Path file, String caller) throws UpdateException {
    try (var _ = lock(caller)) {
      return write(loader.inspect(file, Extent.REFRESH));
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
