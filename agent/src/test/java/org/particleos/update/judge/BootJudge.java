package org.particleos.update.judge;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Decides what a machine would boot, from nothing but the bytes of its disk and the files of its
 * boot menu, and with none of the program's code: as boot loader it sorts the menu (boot counting,
 * UAPI.1), as kernel it finds the slots by the root hash on the command line (UAPI.2, verity
 * partitions) and reads every block of them. What a signature would tell on a real machine, that a
 * kernel or the signature of a root hash is what the publisher made, a set of digests tells here.
 */
public final class BootJudge {
  private static final UUID USR = UUID.fromString("8484680c-9521-48c6-9c11-b0720656f69e");
  private static final UUID VERITY = UUID.fromString("77ff5f63-e7b6-4633-acf4-1565b864c0e6");
  private static final UUID SIGNATURE = UUID.fromString("e7bb33fb-06cf-4e81-8273-e543b413e2e2");

  private static final Pattern NAME =
      Pattern.compile(
          "[^_]+_([0-9.]+)(?:\\+([0-9]+)(?:-([0-9]+))?)?\\.efi", Pattern.CASE_INSENSITIVE);
  private static final Pattern ROOT = Pattern.compile("\"rootHash\"\\s*:\\s*\"([0-9a-f]{64})\"");

  private static final Comparator<Entry> FIRST_CHOICE =
      Comparator.comparing((Entry entry) -> entry.triesLeft().equals(Optional.of(0)))
          .thenComparing((one, other) -> versions(other.version(), one.version()));

  private final List<Entry> entries;

  private BootJudge(List<Entry> entries) {
    this.entries = List.copyOf(entries);
  }

  /**
   * One line of the boot menu.
   *
   * @param triesLeft empty if nobody counts
   * @param lacking why it does not boot; empty if it does
   */
  public record Entry(
      String file,
      String version,
      Optional<Integer> triesLeft,
      Optional<Integer> triesDone,
      Optional<String> lacking) {
    public boolean boots() {
      return lacking.isEmpty();
    }

    /** The name that it has once the boot loader has taken one of its tries. */
    public String afterATry() {
      if (triesLeft.isEmpty() || triesLeft.get() == 0) {
        return file;
      }
      return file.substring(0, file.indexOf('+'))
          + "+"
          + (triesLeft.get() - 1)
          + "-"
          + (triesDone.orElse(0) + 1)
          + ".efi";
    }
  }

  /**
   * Looks at a machine.
   *
   * @param disk all of it
   * @param kernels the files of {@code EFI/Linux} by name
   * @param genuine SHA-256 of all kernels and signatures that the publisher made, hexadecimal; a
   *     signature without what fills its slot up
   */
  public static BootJudge of(
      byte[] disk, int sector, Map<String, byte[]> kernels, Set<String> genuine) {
    Optional<List<GuidTable.Slot>> table = GuidTable.read(disk, sector);
    List<Entry> entries = new ArrayList<>();
    kernels.forEach((file, bytes) -> {
      // A boot loader passes over names that begin with a dot, and over what is no image.
      if (!file.startsWith(".") && file.toLowerCase(java.util.Locale.ROOT).endsWith(".efi")) {
        entries.add(entry(disk, table, file, bytes, genuine));
      }
    });
    entries.sort(FIRST_CHOICE);
    return new BootJudge(entries);
  }

  private static Entry entry(
      byte[] disk,
      Optional<List<GuidTable.Slot>> table,
      String file,
      byte[] bytes,
      Set<String> genuine) {
    Matcher name = NAME.matcher(file);
    boolean known = name.matches();
    String version = known ? name.group(1) : "";
    Optional<String> lacking =
        known
            ? lacking(disk, table, version, bytes, genuine)
            : Optional.of("nobody gives such a name");
    return new Entry(
        file,
        version,
        known ? Optional.ofNullable(name.group(2)).map(Integer::valueOf) : Optional.empty(),
        known ? Optional.ofNullable(name.group(3)).map(Integer::valueOf) : Optional.empty(),
        lacking);
  }

  private static Optional<String> lacking(
      byte[] disk,
      Optional<List<GuidTable.Slot>> table,
      String version,
      byte[] kernel,
      Set<String> genuine) {
    if (!genuine.contains(VerityTree.digest(kernel))) {
      return Optional.of("the kernel is none that the publisher made");
    }
    Optional<KernelImage> image = KernelImage.read(kernel);
    Optional<String> hash = image.flatMap(KernelImage::usrHash);
    if (hash.isEmpty()) {
      return Optional.of("the kernel names no root hash");
    }
    if (image.flatMap(KernelImage::version).filter(inside -> !inside.equals(version)).isPresent()) {
      return Optional.of("the kernel is one of another version");
    }
    if (table.isEmpty()) {
      return Optional.of("no copy of the partition table is sound");
    }
    byte[] root = HexFormat.of().parseHex(hash.get());
    List<GuidTable.Slot> usr = slots(table.get(), USR, half(root, 0));
    List<GuidTable.Slot> verity = slots(table.get(), VERITY, half(root, 16));
    if (usr.size() != 1 || verity.size() != 1) {
      return Optional.of(
          usr.size() + " slots with its image and " + verity.size() + " with its hash tree");
    }
    byte[] data = bytes(disk, usr.getFirst());
    Optional<String> wrong = VerityTree.lacking(data, bytes(disk, verity.getFirst()), root);
    if (wrong.isPresent()) {
      return wrong;
    }
    long signatures =
        table.get().stream()
            .filter(slot -> slot.type().equals(SIGNATURE) && !slot.label().equals("_empty"))
            .filter(slot -> signs(bytes(disk, slot), hash.get(), genuine))
            .count();
    return signatures == 1
        ? Optional.empty()
        : Optional.of(signatures + " slots with the signature of its root hash");
  }

  private static byte[] bytes(byte[] disk, GuidTable.Slot slot) {
    return Arrays.copyOfRange(disk, slot.from(), slot.to());
  }

  private static List<GuidTable.Slot> slots(List<GuidTable.Slot> table, UUID type, UUID uuid) {
    return table.stream()
        .filter(slot -> slot.type().equals(type) && slot.uuid().equals(uuid))
        .toList();
  }

  private static UUID half(byte[] root, int from) {
    var bytes = java.nio.ByteBuffer.wrap(root, from, 16);
    return new UUID(bytes.getLong(), bytes.getLong());
  }

  private static boolean signs(byte[] slot, String hash, Set<String> genuine) {
    int end = 0;
    while (end < slot.length && slot[end] != 0) {
      end++;
    }
    byte[] document = Arrays.copyOf(slot, end);
    Matcher root = ROOT.matcher(new String(document, StandardCharsets.UTF_8));
    return root.find()
        && root.group(1).equals(hash)
        && genuine.contains(VerityTree.digest(document));
  }

  /** Dotted numbers; nothing else is made in the tests. */
  private static int versions(String one, String other) {
    String[] left = one.split("\\.", -1);
    String[] right = other.split("\\.", -1);
    for (int i = 0; i < Math.min(left.length, right.length); i++) {
      int order = number(left[i]).compareTo(number(right[i]));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(left.length, right.length);
  }

  private static BigInteger number(String text) {
    return text.isEmpty() ? BigInteger.ONE.negate() : new BigInteger(text);
  }

  /** The boot menu, the first choice first. */
  public List<Entry> menu() {
    return entries;
  }

  /** What the machine boots if nobody stands before it. */
  public Optional<Entry> chosen() {
    return entries.stream().findFirst();
  }

  /** Whether an entry boots the whole of the version. */
  public boolean boots(String version) {
    return entries.stream().anyMatch(entry -> entry.version().equals(version) && entry.boots());
  }

  /** What is in the menu and does not boot, a sentence each. */
  public List<String> broken() {
    return entries.stream()
        .filter(entry -> !entry.boots())
        .map(entry -> entry.file() + ": " + entry.lacking().orElseThrow())
        .toList();
  }
}
