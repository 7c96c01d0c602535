package org.particleos.update.linux;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Memory of the JVM that the kernel can read again from its file: the class archive and the JVM's
 * code, as long as nobody has written there. Most of it is touched once, at the start.
 */
public final class ReadablePages {
  private static final Path MAPS = Path.of("/proc/self/smaps");
  private static final int MADV_DONTNEED = 4;

  /** As in proc(5): addresses, permissions, offset, device, inode, file. */
  private static final Pattern MAPPING =
      Pattern.compile("([0-9a-f]{1,15})-([0-9a-f]{1,15}) (\\S{4}) \\S+ \\S+ \\d+ +(/.*)");

  private static final Pattern ANY_MAPPING = Pattern.compile("[0-9a-f]+-[0-9a-f]+ .*");

  /**
   * What stays mapped at its place as long as the process lives. Anything else may be gone before
   * the kernel is asked, and other memory in its place.
   */
  private static final Pattern LASTING = Pattern.compile(".*/(?:[^/]+\\.jsa|libjvm\\.so)");

  /** A part of the address space, in bytes. */
  record Range(long begin, long end) {}

  private ReadablePages() {}

  /**
   * Gives them back; whatever is used again is mapped again from the page cache.
   *
   * @return how many bytes of address space were looked at in this way
   * @throws IOException if the kernel does not tell what is mapped, or refuses
   */
  public static long giveBack() throws IOException {
    long bytes = 0;
    for (Range range : among(Files.readAllLines(MAPS, StandardCharsets.ISO_8859_1))) {
      long length = range.end() - range.begin();
      LinuxKernel.check(
          "madvise", MAPS.toString(), () -> LibC.madvise(range.begin(), length, MADV_DONTNEED));
      bytes += length;
    }
    return bytes;
  }

  /**
   * Mappings that cannot be written to and of which no page was changed. The second is what counts:
   * a library has places that the loader writes to before it makes them read-only, and those are in
   * no file.
   */
  static List<Range> among(List<String> smaps) {
    List<Range> ranges = new ArrayList<>();
    Optional<Range> current = Optional.empty();
    boolean pristine = false;
    boolean locked = true;
    for (String line : smaps) {
      if (ANY_MAPPING.matcher(line).matches()) {
        current = lasting(line);
        pristine = false;
        locked = true;
      } else if (line.startsWith("Anonymous:")) {
        pristine = isZero(line);
      } else if (line.startsWith("Locked:")) {
        locked = !isZero(line);
      } else if (line.startsWith("VmFlags:") && pristine && !locked) {
        current.ifPresent(ranges::add);
      }
    }
    return ranges;
  }

  private static Optional<Range> lasting(String line) {
    Matcher mapping = MAPPING.matcher(line);
    return mapping.matches()
            && mapping.group(3).startsWith("r-")
            && LASTING.matcher(mapping.group(4)).matches()
        ? Optional.of(
            new Range(Long.parseLong(mapping.group(1), 16), Long.parseLong(mapping.group(2), 16)))
        : Optional.empty();
  }

  // "Anonymous:             0 kB"
  private static boolean isZero(String line) {
    return line.matches("\\w+: +0 kB");
  }

  private static final class LibC {
    static {
      Native.register(LibC.class, NativeLibrary.getProcess());
    }

    private LibC() {}

    static native int madvise(long address, long length, int advice);
  }
}
