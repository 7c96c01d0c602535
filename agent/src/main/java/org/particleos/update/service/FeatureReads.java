package org.particleos.update.service;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.definition.Feature;
import org.particleos.update.definition.Suggestion;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Features;
import org.particleos.update.update.Machine;
import org.particleos.update.update.Settings;

/**
 * The optional features of a target with all that is known of them, as JSON (dbus-varlink.md 9.2).
 * Asks no server. Looks by itself, but for disk images, which a worker mounts. Safe for use by
 * several threads.
 */
public final class FeatureReads {
  /** Where {@code features --json=… --verbose} has them. */
  public static final String DETAILS = "details";

  private final Machine machine;
  private final Jobs jobs;

  public FeatureReads(Machine machine, Jobs jobs) {
    this.machine = machine;
    this.jobs = jobs;
  }

  /** By name in byte order. */
  public List<JsonNode> all(ServedTarget target) throws UpdateException, InterruptedException {
    return switch (target.place()) {
      case ServedTarget.Place.Host() -> read(machine, new DefinitionPlace.Host(machine.root()));
      case ServedTarget.Place.OfComponent(var name) ->
          read(machine, new DefinitionPlace.Component(name, machine.root()));
      case ServedTarget.Place.Directory(var root) ->
          read(machine.below(root), new DefinitionPlace.Host(root));
      case ServedTarget.Place.Image _ -> ask(target);
    };
  }

  private static List<JsonNode> read(Machine system, DefinitionPlace place) throws UpdateException {
    List<JsonNode> nodes = new ArrayList<>();
    Features.ofTransfers(system, Settings.of(place), _ -> {})
        .all()
        .forEach(listed -> nodes.add(node(listed)));
    return nodes;
  }

  private List<JsonNode> ask(ServedTarget image) throws UpdateException, InterruptedException {
    JobRequest request = JobRequest.of(JobType.LIST_FEATURES, image).with(List.of("--verbose"));
    JobEnd end;
    try {
      end = jobs.start(request, new Job.Observer() {}).end().get();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
    return switch (end) {
      case JobEnd.Done(_, var result) -> {
        List<JsonNode> nodes = new ArrayList<>();
        result.path(DETAILS).forEach(nodes::add);
        yield nodes;
      }
      case JobEnd.Failed(var failure) -> throw failure.toException();
      case JobEnd.Died(var status, _) ->
          throw UpdateException.because(
                  Reason.WORKER_FAILED, "failed to look into " + Quote.quote(image.path()))
              .found("the worker ended with status " + status + " and said nothing")
              .state("nothing was changed")
              .remedy("see what it wrote to the journal")
              .writeFailed();
    };
  }

  /** One of them; what is not known is left out. */
  public static ObjectNode node(Features.Listed listed) {
    Feature feature = listed.feature();
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("id", feature.id());
    feature.description().ifPresent(value -> node.put("description", value));
    if (!feature.documentation().isEmpty()) {
      ArrayNode urls = node.putArray("documentation");
      feature.documentation().forEach(urls::add);
    }
    feature.appStream().ifPresent(value -> node.put("appStream", value));
    node.put("enabled", feature.enabled());
    switch (listed.suggested()) {
      case Suggestion.Verdict.Known(var suggested) -> node.put("suggested", suggested);
      case Suggestion.Verdict.Undetermined _ -> {} // left out
    }
    if (!listed.transfers().isEmpty()) {
      ArrayNode transfers = node.putArray("transfers");
      listed.transfers().forEach(transfers::add);
    }
    return node;
  }
}
