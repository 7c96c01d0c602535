package org.particleos.update.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Function;
import org.particleos.update.catalog.Instance;
import org.particleos.update.definition.Target;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.Member;
import org.particleos.update.plan.VersionSet;

/**
 * The members of a version as a table or as JSON. Columns that say nothing are left out of both
 * (update-algorithm.md 19.2).
 */
final class ContentsView {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss zzz", Locale.ROOT);

  /**
   * @param text of a cell; empty where the value is unset
   * @param json of a cell; null node where the value is unset
   */
  private record Column(
      String header,
      String key,
      Function<Instance, Optional<String>> text,
      Function<Instance, JsonNode> json) {}

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final List<Instance> rows;
  private final List<Column> columns = new ArrayList<>();

  ContentsView(VersionSet set) {
    rows = set.members().stream().flatMap(member -> member.shown().stream()).toList();
    boolean partitions = set.members().stream().anyMatch(ContentsView::toPartition);
    boolean files = !set.members().stream().allMatch(ContentsView::toPartition);
    columns.add(
        new Column(
            "TYPE",
            "type",
            instance -> Optional.of(instance.type().text()),
            instance -> JSON.textNode(instance.type().text())));
    columns.add(
        new Column(
            "PATH",
            "path",
            instance -> Optional.of(instance.location()),
            instance -> JSON.textNode(instance.location())));
    if (partitions && any(m -> m.partitionUuid().isPresent() || m.partitionFlags().isPresent())) {
      columns.add(
          new Column(
              "PTUUID",
              "ptuuid",
              instance -> instance.metadata().partitionUuid().map(UUID::toString),
              instance ->
                  instance
                      .metadata()
                      .partitionUuid()
                      .<JsonNode>map(uuid -> JSON.textNode(uuid.toString()))
                      .orElse(JSON.nullNode())));
      columns.add(
          number("PTFLAGS", "ptflags", InstanceMetadata::partitionFlags, Long::toHexString));
    }
    if (files && any(m -> m.mtimeMicros().isPresent() || m.mode().isPresent())) {
      columns.add(number("MTIME", "mtime", InstanceMetadata::mtimeMicros, ContentsView::time));
      columns.add(
          number(
              "MODE",
              "mode",
              m ->
                  m.mode().isPresent()
                      ? OptionalLong.of(m.mode().getAsInt())
                      : OptionalLong.empty(),
              mode -> String.format(Locale.ROOT, "%04o", mode)));
    }
    if (any(m -> m.sizeBytes().isPresent())) {
      columns.add(number("SIZE", "size", InstanceMetadata::sizeBytes, SizeText::bytes));
    }
    if (any(m -> m.triesDone().isPresent() || m.triesLeft().isPresent())) {
      columns.add(
          number("TRIES-DONE", "tries-done", InstanceMetadata::triesDone, Long::toUnsignedString));
      columns.add(
          number("TRIES-LEFT", "tries-left", InstanceMetadata::triesLeft, Long::toUnsignedString));
    }
    bool("NOAUTO", "noauto", InstanceMetadata::noAuto);
    bool("RO", "ro", InstanceMetadata::readOnly);
    bool("GROWFS", "growfs", InstanceMetadata::growFileSystem);
    if (any(m -> m.sha256().isPresent())) {
      columns.add(
          new Column(
              "SHA256",
              "sha256",
              instance -> instance.metadata().sha256().map(Object::toString),
              instance ->
                  instance
                      .metadata()
                      .sha256()
                      .<JsonNode>map(digest -> JSON.textNode(digest.toString()))
                      .orElse(JSON.nullNode())));
    }
  }

  private static boolean toPartition(Member member) {
    return member.inventory().transfer().transfer().target() instanceof Target.Partition;
  }

  private boolean any(Function<InstanceMetadata, Boolean> says) {
    return rows.stream().map(Instance::metadata).anyMatch(says::apply);
  }

  private static Column number(
      String header,
      String key,
      Function<InstanceMetadata, OptionalLong> value,
      Function<Long, String> shown) {
    return new Column(
        header,
        key,
        instance -> {
          OptionalLong number = value.apply(instance.metadata());
          return number.isPresent()
              ? Optional.of(shown.apply(number.getAsLong()))
              : Optional.empty();
        },
        instance -> {
          OptionalLong number = value.apply(instance.metadata());
          if (number.isEmpty()) {
            return JSON.nullNode();
          }
          long bits = number.getAsLong();
          return bits >= 0
              ? JSON.numberNode(bits)
              : JSON.numberNode(new java.math.BigInteger(Long.toUnsignedString(bits)));
        });
  }

  private void bool(
      String header, String key, Function<InstanceMetadata, Optional<Boolean>> value) {
    if (any(m -> value.apply(m).isPresent())) {
      columns.add(
          new Column(
              header,
              key,
              instance -> value.apply(instance.metadata()).map(set -> set ? "yes" : "no"),
              instance ->
                  value
                      .apply(instance.metadata())
                      .<JsonNode>map(JSON::booleanNode)
                      .orElse(JSON.nullNode())));
    }
  }

  private static String time(long micros) {
    return TIME.format(
        Instant.ofEpochSecond(
                Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1000L)
            .atZone(ZoneId.systemDefault()));
  }

  String text(boolean withHeader) {
    var table = new Table(columns.stream().map(Column::header).toArray(String[]::new));
    for (Instance row : rows) {
      table.add(columns.stream().map(column -> column.text().apply(row).orElse("-")).toList());
    }
    return table.text(withHeader);
  }

  ArrayNode node() {
    ArrayNode array = JSON.arrayNode();
    for (Instance row : rows) {
      ObjectNode node = array.addObject();
      columns.forEach(column -> node.set(column.key(), column.json().apply(row)));
    }
    return array;
  }
}
