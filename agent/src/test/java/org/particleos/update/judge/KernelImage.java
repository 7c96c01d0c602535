package org.particleos.update.judge;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A unified kernel image (UAPI.5): a PE file with what is booted in its sections. */
final class KernelImage {
  private static final Pattern USRHASH =
      Pattern.compile("(?:^|\\s)usrhash=([0-9a-f]{64})(?:\\s|$)");
  private static final Pattern VERSION =
      Pattern.compile("^IMAGE_VERSION=\"?([^\"\\n]*)\"?$", Pattern.MULTILINE);

  private final Map<String, String> sections;

  private KernelImage(Map<String, String> sections) {
    this.sections = sections;
  }

  /** Empty if it is no PE file, or one that is cut off. */
  static Optional<KernelImage> read(byte[] file) {
    ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    if (file.length < 64 || file[0] != 'M' || file[1] != 'Z') {
      return Optional.empty();
    }
    int pe = in.getInt(60);
    if (pe < 64 || pe > file.length - 24 || in.getInt(pe) != 0x4550) {
      return Optional.empty();
    }
    int count = in.getShort(pe + 6);
    int table = pe + 24 + in.getShort(pe + 20);
    Map<String, String> sections = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      int entry = table + i * 40;
      if (entry > file.length - 40) {
        return Optional.empty();
      }
      String name = new String(file, entry, 8, StandardCharsets.US_ASCII).replace("\0", "");
      int from = in.getInt(entry + 20);
      int length = Math.min(in.getInt(entry + 8), in.getInt(entry + 16));
      if (from < 0 || length < 0 || (long) from + length > file.length) {
        return Optional.empty();
      }
      sections.put(name, new String(file, from, length, StandardCharsets.UTF_8));
    }
    return Optional.of(new KernelImage(sections));
  }

  /** The root hash of {@code /usr} on its command line. */
  Optional<String> usrHash() {
    return find(USRHASH, ".cmdline");
  }

  /** The version in its os-release. */
  Optional<String> version() {
    return find(VERSION, ".osrel");
  }

  private Optional<String> find(Pattern pattern, String section) {
    Matcher matcher = pattern.matcher(sections.getOrDefault(section, ""));
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }
}
