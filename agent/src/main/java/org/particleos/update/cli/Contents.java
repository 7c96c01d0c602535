package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Predicate;
import org.particleos.update.catalog.Instance;
import org.particleos.update.definition.Target;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.Member;
import org.particleos.update.plan.VersionSet;

/**
 * The members of a version as JSON. What says nothing about any of them is left out
 * (update-algorithm.md 19.2).
 */
final class Contents {
  /**
   * What is told of each member.
   *
   * @param value null node where it is unset
   */
  private record Column(String key, Function<Instance, JsonNode> value) {}

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final List<Instance> rows;
  private final List<Column> columns = new ArrayList<>();

  Contents(VersionSet set) {
    rows = set.members().stream().flatMap(member -> member.shown().stream()).toList();
    boolean partitions = set.members().stream().anyMatch(Contents::toPartition);
    boolean files = !set.members().stream().allMatch(Contents::toPartition);
    columns.add(new Column("type", instance -> JSON.textNode(instance.type().text())));
    columns.add(new Column("path", instance -> JSON.textNode(instance.location())));
    if (partitions && any(m -> m.partitionUuid().isPresent() || m.partitionFlags().isPresent())) {
      text("ptuuid", m -> m.partitionUuid().map(UUID::toString));
      number("ptflags", InstanceMetadata::partitionFlags);
    }
    if (files && any(m -> m.mtimeMicros().isPresent() || m.mode().isPresent())) {
      number("mtime", InstanceMetadata::mtimeMicros);
      number(
          "mode",
          m -> m.mode().isPresent() ? OptionalLong.of(m.mode().getAsInt()) : OptionalLong.empty());
    }
    if (any(m -> m.sizeBytes().isPresent())) {
      number("size", InstanceMetadata::sizeBytes);
    }
    if (any(m -> m.triesDone().isPresent() || m.triesLeft().isPresent())) {
      number("tries-done", InstanceMetadata::triesDone);
      number("tries-left", InstanceMetadata::triesLeft);
    }
    bool("noauto", InstanceMetadata::noAuto);
    bool("ro", InstanceMetadata::readOnly);
    bool("growfs", InstanceMetadata::growFileSystem);
    if (any(m -> m.sha256().isPresent())) {
      text("sha256", m -> m.sha256().map(Object::toString));
    }
  }

  private static boolean toPartition(Member member) {
    return member.inventory().transfer().transfer().target() instanceof Target.Partition;
  }

  private boolean any(Predicate<InstanceMetadata> says) {
    return rows.stream().map(Instance::metadata).anyMatch(says);
  }

  private void text(String key, Function<InstanceMetadata, Optional<String>> value) {
    columns.add(
        new Column(
            key,
            instance ->
                value
                    .apply(instance.metadata())
                    .<JsonNode>map(JSON::textNode)
                    .orElse(JSON.nullNode())));
  }

  private void number(String key, Function<InstanceMetadata, OptionalLong> value) {
    columns.add(
        new Column(
            key,
            instance -> {
              OptionalLong number = value.apply(instance.metadata());
              if (number.isEmpty()) {
                return JSON.nullNode();
              }
              long bits = number.getAsLong();
              return bits >= 0
                  ? JSON.numberNode(bits)
                  : JSON.numberNode(new BigInteger(Long.toUnsignedString(bits)));
            }));
  }

  private void bool(String key, Function<InstanceMetadata, Optional<Boolean>> value) {
    if (any(m -> value.apply(m).isPresent())) {
      columns.add(
          new Column(
              key,
              instance ->
                  value
                      .apply(instance.metadata())
                      .<JsonNode>map(JSON::booleanNode)
                      .orElse(JSON.nullNode())));
    }
  }

  ArrayNode node() {
    ArrayNode array = JSON.arrayNode();
    for (Instance row : rows) {
      ObjectNode node = array.addObject();
      columns.forEach(column -> node.set(column.key(), column.value().apply(row)));
    }
    return array;
  }
}
