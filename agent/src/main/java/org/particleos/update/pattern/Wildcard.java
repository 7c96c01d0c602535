package org.particleos.update.pattern;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import org.particleos.update.pattern.FieldText.LeadingZero;
import org.particleos.update.version.Version;

/** The fields that a pattern can capture and produce (transfer-files.md 9.3). */
enum Wildcard {
  VERSION('v', "the version"),
  PARTITION_UUID('u', "the partition UUID"),
  PARTITION_FLAGS('f', "the partition flags"),
  NO_AUTO('a', "the no-auto flag"),
  GROW_FILE_SYSTEM('g', "the grow-file-system flag"),
  READ_ONLY('r', "the read-only flag"),
  MTIME('t', "the modification time"),
  MODE('m', "the mode"),
  SIZE('s', "the size"),
  TRIES_DONE('d', "the number of boot attempts done"),
  TRIES_LEFT('l', "the number of boot attempts left"),
  SHA256('h', "the SHA-256");

  /** Neither set-user-ID nor world-writable: a name must not be able to ask for these. */
  private static final int MODE_BITS_ALLOWED = 0775;

  private static final long TRIES_DONE_DEFAULT = 0;
  private static final long TRIES_LEFT_DEFAULT = 3;

  private final char letter;
  private final String field;

  Wildcard(char letter, String field) {
    this.letter = letter;
    this.field = field;
  }

  /** What it is called in a message. */
  String field() {
    return field;
  }

  String text() {
    return "@" + letter;
  }

  static Optional<Wildcard> of(char letter) {
    for (Wildcard wildcard : values()) {
      if (wildcard.letter == letter) {
        return Optional.of(wildcard);
      }
    }
    return Optional.empty();
  }

  /** Adds the captured text to the fields; empty if it is no value of this field. */
  Optional<Function<InstanceMetadata, InstanceMetadata>> capture(String text) {
    return switch (this) {
      // The version makes the metadata; MatchPattern starts with it.
      case VERSION -> Version.parse(text).map(value -> fields -> fields.withVersion(value));
      case PARTITION_UUID ->
          FieldText.uuid(text).map(value -> fields -> fields.withPartitionUuid(value));
      case PARTITION_FLAGS ->
          boxed(FieldText.hex(text)).map(value -> fields -> fields.withPartitionFlags(value));
      case NO_AUTO -> FieldText.bool(text).map(value -> fields -> fields.withNoAuto(value));
      case GROW_FILE_SYSTEM ->
          FieldText.bool(text).map(value -> fields -> fields.withGrowFileSystem(value));
      case READ_ONLY -> FieldText.bool(text).map(value -> fields -> fields.withReadOnly(value));
      case MTIME -> integer(text).map(value -> fields -> fields.withMtimeMicros(value));
      case MODE -> {
        var mode = FieldText.mode(text);
        yield mode.isPresent() && (mode.getAsInt() & ~MODE_BITS_ALLOWED) == 0
            ? Optional.of(fields -> fields.withMode(mode.getAsInt()))
            : Optional.empty();
      }
      case SIZE -> integer(text).map(value -> fields -> fields.withSizeBytes(value));
      case TRIES_DONE -> integer(text).map(value -> fields -> fields.withTriesDone(value));
      case TRIES_LEFT -> integer(text).map(value -> fields -> fields.withTriesLeft(value));
      case SHA256 -> Sha256.parse(text).map(value -> fields -> fields.withSha256(value));
    };
  }

  /** The text that stands for the field in a name; empty if the field is unset. */
  Optional<String> produce(InstanceMetadata fields) {
    return switch (this) {
      case VERSION -> Optional.of(fields.version().text());
      case PARTITION_UUID -> fields.partitionUuid().map(FieldText::plain);
      case PARTITION_FLAGS -> boxed(fields.partitionFlags()).map(Long::toHexString);
      case NO_AUTO -> fields.noAuto().map(Wildcard::digit);
      case GROW_FILE_SYSTEM -> fields.growFileSystem().map(Wildcard::digit);
      case READ_ONLY -> fields.readOnly().map(Wildcard::digit);
      case MTIME -> boxed(fields.mtimeMicros()).map(String::valueOf);
      case MODE ->
          fields.mode().isPresent()
              ? Optional.of(String.format("%03o", fields.mode().getAsInt()))
              : Optional.empty();
      case SIZE -> boxed(fields.sizeBytes()).map(String::valueOf);
      case TRIES_DONE -> Optional.of(Long.toString(fields.triesDone().orElse(TRIES_DONE_DEFAULT)));
      case TRIES_LEFT -> Optional.of(Long.toString(fields.triesLeft().orElse(TRIES_LEFT_DEFAULT)));
      case SHA256 -> fields.sha256().map(Sha256::hex);
    };
  }

  /**
   * Deviation: D-06. A bare leading zero is decimal, as documented: the reference reads {@code 010}
   * as eight and refuses {@code 08}. The prefixes {@code 0x}, {@code 0o} and {@code 0b} are
   * accepted as there. Values from 2^63 on do not match; no clock, disk or counter reaches them.
   */
  private static Optional<Long> integer(String text) {
    return boxed(FieldText.unsigned(text, LeadingZero.DECIMAL)).filter(value -> value >= 0);
  }

  private static String digit(boolean value) {
    return value ? "1" : "0";
  }

  private static Optional<Long> boxed(OptionalLong value) {
    return value.isPresent() ? Optional.of(value.getAsLong()) : Optional.empty();
  }
}
