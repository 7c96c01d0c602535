package org.particleos.update.service;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.particleos.update.assess.FailedVersion;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.definition.SafeName;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.HttpFetcher;
import org.particleos.update.fetch.HttpLimits;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.update.ComponentList;
import org.particleos.update.update.Machine;
import org.particleos.update.update.Overview;
import org.particleos.update.update.Settings;
import org.particleos.update.update.UpdateEvent;
import org.particleos.update.update.Updater;

/** What the daemon keeps up to date by itself: the operating system and its components. */
public interface Parts {
  /**
   * One of them and what of it is on this machine.
   *
   * @param component empty for the operating system
   * @param booted version of the operating system
   * @param installed newest version that is in place as a whole
   * @param acquired newer one that is downloaded as a whole and waits to be installed
   * @param failed versions that this machine was started with in vain
   */
  record Part(
      Optional<String> component,
      Optional<String> booted,
      Optional<String> installed,
      Optional<String> acquired,
      List<FailedVersion> failed) {
    public Part {
      failed = List.copyOf(failed);
    }

    /** What jobs work on. */
    public ServedTarget target() {
      return component
          .map(name ->
              new ServedTarget(
                  TargetId.component(name),
                  "sysupdate." + name + ".d",
                  new ServedTarget.Place.OfComponent(name)))
          .orElseGet(
              () -> new ServedTarget(TargetId.HOST, "sysupdate.d", new ServedTarget.Place.Host()));
    }
  }

  /** The operating system first, if it has transfers; then its components that are switched on. */
  List<Part> read();

  /** From the disks of a machine. What cannot be looked at is left out with a warning. */
  static Parts of(Machine machine, Consumer<String> warning) {
    return () -> read(machine, warning);
  }

  private static List<Part> read(Machine machine, Consumer<String> warning) {
    List<Part> parts = new ArrayList<>();
    read(machine, new DefinitionPlace.Host(machine.root()), Optional.empty(), warning)
        .ifPresent(parts::add);
    UpdateEvent.Observer listener =
        event -> {
          if (event instanceof UpdateEvent.Warning(var text)) {
            warning.accept(text);
          }
        };
    for (String name : ComponentList.of(machine, listener).names()) {
      if (SafeName.isComponent(name)) {
        var place = new DefinitionPlace.Component(name, machine.root());
        read(machine, place, Optional.of(name), warning).ifPresent(parts::add);
      }
    }
    return List.copyOf(parts);
  }

  private static Optional<Part> read(
      Machine machine,
      DefinitionPlace place,
      Optional<String> component,
      Consumer<String> warning) {
    // Sets nothing up: a fetcher that nobody asks for anything costs nothing.
    var http = new HttpFetcher("", HttpLimits.defaults(), machine.environment());
    try (var updater =
        new Updater(machine, Settings.of(place), http, _ -> {}, new Cancellation())) {
      return Optional.of(part(component, updater.assess()));
    } catch (UpdateException e) {
      if (e.reason() != Reason.NO_DEFINITIONS && e.reason() != Reason.COMPONENT_DISABLED) {
        warning.accept(
            component.map(name -> "component " + Quote.quote(name)).orElse("the operating system")
                + " cannot be looked at: "
                + e.getMessage()
                + e.found().map(found -> " (" + found + ")").orElse(""));
      }
      return Optional.empty();
    }
  }

  private static Part part(Optional<String> component, Overview overview) {
    Optional<VersionSet> installed = overview.sets().newestWhole();
    Optional<VersionSet> acquired =
        overview.sets().all().stream()
            .filter(VersionSet::acquired)
            .filter(set -> !set.whole())
            .filter(set ->
                installed.isEmpty() || set.version().compareTo(installed.get().version()) > 0)
            .findFirst();
    return new Part(
        component,
        component.isEmpty() ? overview.bootedVersion() : Optional.empty(),
        installed.map(set -> set.version().text()),
        acquired.map(set -> set.version().text()),
        overview.failed().stream().filter(failed -> !failed.rebuilt()).toList());
  }
}
