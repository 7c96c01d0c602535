package org.particleos.update.tree;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.UpdateException;

/**
 * An access control list as tar writes it, {@code user::rw-,user:1000:r--,group::r--,…}, turned
 * into the form of the extended attributes {@code system.posix_acl_access} and {@code …_default}.
 *
 * <p>The kernel wants numbers. A name without one is looked up on this system, as tar does it.
 */
final class PosixAcl {
  private static final int VERSION = 2;
  private static final int HEADER_BYTES = 4;
  private static final int ENTRY_BYTES = 8;
  private static final int USER = 0x02;
  private static final int GROUP = 0x08;
  private static final int NOBODY_IN_PARTICULAR = -1;

  /** Some hundred are the most that file systems keep. */
  private static final int ENTRIES_MAX = 8192;

  private static final Pattern SEPARATORS = Pattern.compile("[,\n]");
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,10}");

  private record Entry(int tag, int permissions, int id) {}

  private PosixAcl() {}

  /** Empty if it names somebody who has no number here: a part of a list is another list. */
  static Optional<byte[]> parse(String entryName, byte[] written, Accounts accounts)
      throws UpdateException {
    var entries = new ArrayList<Entry>();
    for (String line : SEPARATORS.split(new String(written, StandardCharsets.ISO_8859_1), -1)) {
      String plain = line.split("#", 2)[0].strip();
      if (!plain.isEmpty()) {
        var entry = entry(entryName, plain, accounts);
        if (entry.isEmpty()) {
          return Optional.empty();
        }
        entries.add(entry.get());
      }
    }
    if (entries.size() > ENTRIES_MAX) {
      throw TarFailure.tooLarge("an access control list has " + entries.size() + " entries");
    }
    return Optional.of(binary(entries));
  }

  private static Optional<Entry> entry(String entryName, String line, Accounts accounts)
      throws UpdateException {
    // The fourth part is the number, where star and libarchive add it.
    String[] parts = line.split(":", -1);
    if (parts.length < 3) {
      throw malformed(entryName, line);
    }
    String name = parts[1];
    boolean named = !name.isEmpty();
    int tag =
        switch (parts[0]) {
          case "user", "u" -> named ? USER : 0x01;
          case "group", "g" -> named ? GROUP : 0x04;
          case "mask", "m" -> 0x10;
          case "other", "o" -> 0x20;
          default -> throw malformed(entryName, line);
        };
    int id = NOBODY_IN_PARTICULAR;
    if (tag == USER || tag == GROUP) {
      String number = parts.length > 3 && NUMBER.matcher(parts[3]).matches() ? parts[3] : name;
      var known =
          NUMBER.matcher(number).matches()
              ? OptionalInt.of((int) Long.parseLong(number))
              : tag == USER ? accounts.user(name) : accounts.group(name);
      if (known.isEmpty()) {
        return Optional.empty();
      }
      id = known.getAsInt();
    }
    return Optional.of(new Entry(tag, permissions(entryName, line, parts[2]), id));
  }

  private static int permissions(String entryName, String line, String text)
      throws UpdateException {
    int bits = 0;
    for (char letter : text.strip().toCharArray()) {
      bits |=
          switch (letter) {
            case 'r' -> 4;
            case 'w' -> 2;
            case 'x' -> 1;
            case '-' -> 0;
            default -> throw malformed(entryName, line);
          };
    }
    return bits;
  }

  private static UpdateException malformed(String entryName, String line) {
    return TarFailure.unsafe(entryName, "has an access control list with " + Quote.quote(line));
  }

  /** {@code struct posix_acl_xattr_header} and entries, in the order that the kernel wants. */
  private static byte[] binary(List<Entry> entries) {
    var bytes =
        ByteBuffer.allocate(HEADER_BYTES + entries.size() * ENTRY_BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(VERSION);
    entries.stream()
        .sorted(
            Comparator.comparingInt(Entry::tag).thenComparing(Entry::id, Integer::compareUnsigned))
        .forEach(entry ->
            bytes
                .putShort((short) entry.tag())
                .putShort((short) entry.permissions())
                .putInt(entry.id()));
    return bytes.array();
  }
}
