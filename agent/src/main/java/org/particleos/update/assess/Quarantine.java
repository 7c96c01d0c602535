package org.particleos.update.assess;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.particleos.update.version.Version;

/**
 * What is remembered of versions that did not come up, for every set of definitions by its name,
 * and of what was brought in last, so that another build of a version can be told from the one that
 * failed. An immutable value.
 *
 * @param failed by target, oldest first
 * @param builds by target, oldest first
 */
public record Quarantine(Map<String, List<FailedVersion>> failed, Map<String, List<Build>> builds) {
  /** Of one target. Older ones are forgotten: nobody offers them any more. */
  static final int VERSIONS_MAX = 16;

  /** Components that went are forgotten as well, when there are too many. */
  static final int TARGETS_MAX = 256;

  /** Of the file. A newer one is not understood, and set aside. */
  private static final int FORMAT = 1;

  public static final Quarantine EMPTY = new Quarantine(Map.of(), Map.of());

  /** What the source offered of a version when it was acquired, by transfer. */
  public record Build(Version version, Map<String, Set<String>> digests) {
    public Build {
      digests = Map.copyOf(digests);
    }
  }

  public Quarantine {
    failed = bounded(failed);
    builds = bounded(builds);
  }

  private static <T> Map<String, List<T>> bounded(Map<String, List<T>> map) {
    var kept = new TreeMap<String, List<T>>();
    map.forEach((target, list) -> {
      if (!list.isEmpty() && kept.size() < TARGETS_MAX) {
        kept.put(
            target,
            List.copyOf(list.subList(Math.max(0, list.size() - VERSIONS_MAX), list.size())));
      }
    });
    return Map.copyOf(kept);
  }

  /** The versions of one target that did not come up. */
  public List<FailedVersion> of(String target) {
    return failed.getOrDefault(target, List.of());
  }

  /** The same with other failed versions of one target. */
  public Quarantine with(String target, List<FailedVersion> versions) {
    var all = new TreeMap<>(failed);
    all.put(target, versions);
    return new Quarantine(all, builds);
  }

  /** Without one version of a target: it may be tried again. */
  public Quarantine without(String target, Version version) {
    return with(
        target, of(target).stream().filter(each -> !each.version().sameOrder(version)).toList());
  }

  /** What was brought in of a version, if that is remembered. */
  Optional<Build> build(String target, Version version) {
    return builds.getOrDefault(target, List.of()).stream()
        .filter(build -> build.version().sameOrder(version))
        .reduce((_, later) -> later);
  }

  /** Remembers what was brought in of a version. */
  public Quarantine withBuild(String target, Build build) {
    var all = new TreeMap<>(builds);
    List<Build> list = new ArrayList<>(all.getOrDefault(target, List.of()));
    list.removeIf(each -> each.version().sameOrder(build.version()));
    list.add(build);
    all.put(target, list);
    return new Quarantine(failed, all);
  }

  // ---- As a file ----

  JsonNode json() {
    ObjectNode node = JsonNodeFactory.instance.objectNode().put("format", FORMAT);
    ArrayNode failures = node.putArray("failed");
    new TreeMap<>(failed)
        .forEach((target, versions) -> {
          for (FailedVersion each : versions) {
            ObjectNode one =
                failures.addObject().put("target", target).put("version", each.version().text());
            if (each.tries().isPresent()) {
              one.put("tries", each.tries().getAsLong());
            }
            each.since().ifPresent(time -> one.put("since", time.toString()));
            each.reason().ifPresent(text -> one.put("reason", text));
            each.instead().ifPresent(text -> one.put("instead", text));
            one.put("rebuilt", each.rebuilt());
            put(one, each.digests());
          }
        });
    ArrayNode brought = node.putArray("builds");
    new TreeMap<>(builds)
        .forEach((target, versions) -> {
          for (Build each : versions) {
            put(
                brought.addObject().put("target", target).put("version", each.version().text()),
                each.digests());
          }
        });
    return node;
  }

  private static void put(ObjectNode node, Map<String, Set<String>> digests) {
    ObjectNode all = node.putObject("digests");
    new TreeMap<>(digests)
        .forEach((transfer, values) -> {
          ArrayNode array = all.putArray(transfer);
          new TreeSet<>(values).forEach(array::add);
        });
  }

  /**
   * Of a file.
   *
   * @throws IllegalArgumentException if it is not one of these
   */
  static Quarantine of(JsonNode node) {
    if (node.path("format").asInt() != FORMAT) {
      throw new IllegalArgumentException("its format is not " + FORMAT);
    }
    var failed = new TreeMap<String, List<FailedVersion>>();
    for (JsonNode one : node.path("failed")) {
      failed
          .computeIfAbsent(text(one, "target"), _ -> new ArrayList<>())
          .add(
              new FailedVersion(
                  version(one),
                  one.path("tries").isIntegralNumber()
                      ? OptionalLong.of(one.path("tries").asLong())
                      : OptionalLong.empty(),
                  optional(one, "since").map(Quarantine::time),
                  optional(one, "reason"),
                  optional(one, "instead"),
                  digests(one),
                  one.path("rebuilt").asBoolean()));
    }
    var builds = new TreeMap<String, List<Build>>();
    for (JsonNode one : node.path("builds")) {
      builds
          .computeIfAbsent(text(one, "target"), _ -> new ArrayList<>())
          .add(new Build(version(one), digests(one)));
    }
    return new Quarantine(failed, builds);
  }

  private static Map<String, Set<String>> digests(JsonNode one) {
    var digests = new TreeMap<String, Set<String>>();
    one.path("digests")
        .properties()
        .forEach(entry -> {
          var values = new TreeSet<String>();
          entry.getValue().forEach(value -> values.add(value.asText()));
          digests.put(entry.getKey(), Set.copyOf(values));
        });
    return digests;
  }

  private static Version version(JsonNode one) {
    return Version.parse(text(one, "version"))
        .orElseThrow(() -> new IllegalArgumentException("a version is not valid"));
  }

  private static Instant time(String text) {
    try {
      return Instant.parse(text);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException("a time is not valid", e);
    }
  }

  private static Optional<String> optional(JsonNode node, String name) {
    return Optional.of(node.path(name)).filter(JsonNode::isTextual).map(JsonNode::asText);
  }

  private static String text(JsonNode node, String name) {
    return optional(node, name).orElseThrow(() -> new IllegalArgumentException("it lacks " + name));
  }
}
