package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import org.particleos.update.update.Laboratory.Part;

/**
 * Looks at a machine as its firmware and boot loader would, with none of the engine's code: which
 * boot entries are there, and is what they boot whole?
 */
final class Judge {
  private static final Pattern ENTRY = Pattern.compile("os_([0-9.]+)(\\+\\d+(-\\d+)?)?\\.efi");

  private final byte[] disk;
  private final Map<String, byte[]> entries = new TreeMap<>();
  private final List<String> hidden = new ArrayList<>();

  private Judge(byte[] disk) {
    this.disk = disk;
  }

  static Judge of(Laboratory machine) throws IOException {
    var judge = new Judge(Files.readAllBytes(machine.disk()));
    try (var files = Files.list(machine.esp().resolve("EFI/Linux"))) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        if (name.startsWith(".")) {
          judge.hidden.add(name);
        } else {
          judge.entries.put(name, Files.readAllBytes(file));
        }
      }
    }
    return judge;
  }

  private record Entry(
      UUID type, UUID uuid, int offset, int bytes, long attributes, String label) {}

  private ByteBuffer at(int offset) {
    return ByteBuffer.wrap(disk).order(ByteOrder.LITTLE_ENDIAN).position(offset);
  }

  /** UEFI 2.10, 5.3.2: the primary table if its checksums are right, else the backup. */
  private List<Entry> table() {
    int last = disk.length / Laboratory.SECTOR - 1;
    return table(1).or(() -> table(last)).orElseGet(() -> fail("no partition table is left"));
  }

  private Optional<List<Entry>> table(int headerSector) {
    int header = headerSector * Laboratory.SECTOR;
    if (!new String(disk, header, 8, StandardCharsets.US_ASCII).equals("EFI PART")) {
      return Optional.empty();
    }
    byte[] copy = Arrays.copyOfRange(disk, header, header + at(header + 12).getInt());
    Arrays.fill(copy, 16, 20, (byte) 0);
    int entriesAt = (int) at(header + 72).getLong() * Laboratory.SECTOR;
    int count = at(header + 80).getInt();
    int size = at(header + 84).getInt();
    if (crc(copy) != at(header + 16).getInt()
        || crc(Arrays.copyOfRange(disk, entriesAt, entriesAt + count * size))
            != at(header + 88).getInt()) {
      return Optional.empty();
    }
    List<Entry> found = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int entry = entriesAt + i * size;
      UUID type = uuid(entry);
      if (!type.equals(new UUID(0, 0))) {
        int first = (int) at(entry + 32).getLong();
        int end = (int) at(entry + 40).getLong() + 1;
        String label = new String(disk, entry + 56, 72, StandardCharsets.UTF_16LE);
        found.add(
            new Entry(
                type,
                uuid(entry + 16),
                first * Laboratory.SECTOR,
                (end - first) * Laboratory.SECTOR,
                at(entry + 48).getLong(),
                label.substring(0, label.indexOf('\0'))));
      }
    }
    return Optional.of(found);
  }

  private static int crc(byte[] bytes) {
    var crc = new CRC32();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  private UUID uuid(int offset) {
    ByteBuffer in = at(offset);
    long high = (in.getInt() & 0xffffffffL) << 32;
    high |= (in.getShort() & 0xffffL) << 16;
    high |= in.getShort() & 0xffffL;
    return new UUID(high, in.order(ByteOrder.BIG_ENDIAN).getLong());
  }

  /** Why a version is not whole; empty if it is. */
  Optional<String> lacking(Release release) {
    for (Part part : Part.values()) {
      byte[] payload = part.payload(release);
      var slots =
          table().stream()
              .filter(entry -> entry.type.equals(part.type().uuid()))
              .filter(entry -> entry.label.equals("os_" + release.version()))
              .toList();
      if (slots.size() != 1) {
        return Optional.of(slots.size() + " slots with its " + part);
      }
      Entry slot = slots.getFirst();
      if (!Arrays.equals(
          payload, Arrays.copyOfRange(disk, slot.offset, slot.offset + payload.length))) {
        return Optional.of("other contents in its " + part);
      }
      if (part != Part.SIGNATURE && !slot.uuid.equals(part.uuid(release, 0))) {
        return Optional.of("another UUID on its " + part);
      }
    }
    return Optional.empty();
  }

  void assertWhole(Release release) {
    assertEquals(Optional.empty(), lacking(release), "version " + release.version());
    assertTrue(
        entries.entrySet().stream()
            .anyMatch(entry ->
                version(entry.getKey()).equals(release.version())
                    && Arrays.equals(entry.getValue(), release.uki())),
        "version " + release.version() + " has no boot entry among " + entries.keySet());
  }

  private static String version(String entry) {
    Matcher matcher = ENTRY.matcher(entry);
    assertTrue(matcher.matches(), "unexpected boot entry " + entry);
    return matcher.group(1);
  }

  /** The rule for every moment: what can be chosen in the boot menu is there as a whole. */
  void assertEveryEntryBoots(Release... releases) {
    for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
      String version = version(entry.getKey());
      Release release =
          Arrays.stream(releases)
              .filter(one -> one.version().equals(version))
              .findFirst()
              .orElseGet(() -> fail("a boot entry for an unknown version: " + entry.getKey()));
      assertEquals(Optional.empty(), lacking(release), "boot entry " + entry.getKey());
      assertArrayEquals(release.uki(), entry.getValue(), entry.getKey());
    }
  }

  /** The slots of a version hold what they held, to the last byte. */
  void assertSlotsUntouchedSince(Judge before, int slot) {
    for (Part part : Part.values()) {
      assertEquals(-1, mismatch(before, part, slot), "first byte that differs in " + part);
      assertEquals(before.table().get(part.number(slot) - 1), table().get(part.number(slot) - 1));
    }
  }

  private int mismatch(Judge before, Part part, int slot) {
    int from = part.offset(slot);
    int to = from + part.bytes();
    return Arrays.mismatch(before.disk, from, to, disk, from, to);
  }

  /** Not one byte of disk and boot partition is different. */
  void assertUnchangedSince(Judge before) {
    assertEquals(-1, Arrays.mismatch(before.disk, disk), "first byte of the disk that differs");
    assertEquals(before.entries.keySet(), entries.keySet());
    entries.forEach((name, bytes) -> assertArrayEquals(before.entries.get(name), bytes, name));
    assertEquals(before.hidden, hidden);
  }

  List<String> entries() {
    return List.copyOf(entries.keySet());
  }

  /** Temporary names on the boot partition. */
  List<String> hidden() {
    return List.copyOf(hidden);
  }

  long attributes(Part part, int slot) {
    return table().get(part.number(slot) - 1).attributes;
  }

  /** The links of the definitions lead to a slot. */
  static void assertLinked(Laboratory machine, int slot) throws IOException {
    for (Part part : Part.values()) {
      assertEquals(
          "disk.raw" + part.number(slot), Files.readSymbolicLink(machine.link(part)).toString());
    }
  }

  UUID uuid(Part part, int slot) {
    return table().get(part.number(slot) - 1).uuid;
  }

  String label(Part part, int slot) {
    return table().get(part.number(slot) - 1).label;
  }
}
