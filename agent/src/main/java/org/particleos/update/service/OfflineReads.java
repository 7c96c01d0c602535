package org.particleos.update.service;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.HttpFetcher;
import org.particleos.update.fetch.HttpLimits;
import org.particleos.update.plan.VersionSets;
import org.particleos.update.update.Features;
import org.particleos.update.update.Machine;
import org.particleos.update.update.Overview;
import org.particleos.update.update.Settings;
import org.particleos.update.update.Updater;

/**
 * Questions that are answered at once and ask no server: in this process, since a desktop gives
 * them one second and a worker takes half of that to start. Only what is in a disk image is asked
 * of a worker, which mounts it. Safe for use by several threads.
 */
public final class OfflineReads {
  private final Machine machine;
  private final Jobs jobs;

  public OfflineReads(Machine machine, Jobs jobs) {
    this.machine = machine;
    this.jobs = jobs;
  }

  /** The newest version that is installed, or only downloaded (dbus-varlink.md 5.2). */
  public Optional<String> version(ServedTarget target)
      throws UpdateException, InterruptedException {
    return switch (in(target)) {
      case Here here -> overview(here).sets().newestInstalled().map(set -> set.version().text());
      case Elsewhere() -> {
        JsonNode list = ask(JobRequest.of(JobType.LIST, target).offline(true));
        yield text(list, "current").or(() -> text(list, "current+pending"));
      }
    };
  }

  /** Addresses of AppStream catalogues of the enabled transfers, each once. */
  public List<String> appStream(ServedTarget target) throws UpdateException, InterruptedException {
    return switch (in(target)) {
      case Here here -> {
        Set<String> addresses = new LinkedHashSet<>();
        for (Inventory inventory : overview(here).enabled()) {
          addresses.addAll(inventory.transfer().transfer().appStream());
        }
        yield List.copyOf(addresses);
      }
      case Elsewhere() ->
          texts(ask(JobRequest.of(JobType.LIST, target).offline(true)).path("appstreamUrls"));
    };
  }

  /** Names of the optional features. */
  public List<String> features(ServedTarget target) throws UpdateException, InterruptedException {
    return switch (in(target)) {
      case Here(var system, var place) ->
          Features.ofTransfers(system, Settings.of(place), _ -> {}).all().stream()
              .map(listed -> listed.feature().id())
              .toList();
      case Elsewhere() -> texts(ask(JobRequest.of(JobType.LIST_FEATURES, target)).path("features"));
    };
  }

  /** Whether this process can look by itself. */
  private sealed interface Where {}

  private record Here(Machine system, DefinitionPlace place) implements Where {}

  private record Elsewhere() implements Where {}

  private Where in(ServedTarget target) {
    return switch (target.place()) {
      case ServedTarget.Place.Host() -> new Here(machine, new DefinitionPlace.Host(machine.root()));
      case ServedTarget.Place.OfComponent(var name) ->
          new Here(machine, new DefinitionPlace.Component(name, machine.root()));
      case ServedTarget.Place.Directory(var root) ->
          new Here(machine.below(root), new DefinitionPlace.Host(root));
      case ServedTarget.Place.Image _ -> new Elsewhere();
    };
  }

  private static Overview overview(Here here) throws UpdateException {
    // Sets nothing up: a fetcher that nobody asks for anything costs nothing.
    var http = new HttpFetcher("", HttpLimits.defaults(), here.system().environment());
    try (var updater =
        new Updater(here.system(), Settings.of(here.place()), http, _ -> {}, new Cancellation())) {
      return updater.overview(VersionSets.View.OFFLINE);
    }
  }

  private JsonNode ask(JobRequest request) throws UpdateException, InterruptedException {
    JobEnd end;
    try {
      end = jobs.start(request, new Job.Observer() {}).end().get();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
    return switch (end) {
      case JobEnd.Done(_, var result) -> result;
      case JobEnd.Failed(var failure) -> throw failure.toException();
      case JobEnd.Died(var status, _) ->
          throw UpdateException.because(
                  Reason.WORKER_FAILED, "failed to look into " + request.target().path())
              .found("the worker ended with status " + status + " and said nothing")
              .state("nothing was changed")
              .remedy("see what it wrote to the journal")
              .writeFailed();
    };
  }

  private static Optional<String> text(JsonNode node, String key) {
    return Optional.of(node.path(key)).filter(JsonNode::isTextual).map(JsonNode::asText);
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(element -> texts.add(element.asText()));
    return texts;
  }
}
