package org.particleos.update.archive;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/** Takes out of libraries what nothing uses once they are part of the distribution. */
public final class SlimJar {
  private static final String DIRECTORY = "META-INF/";
  private static final Set<String> SIGNATURES = Set.of("SF", "RSA", "DSA", "EC");
  private static final Set<String> NATIVE = Set.of("SO", "DLL", "DYLIB", "JNILIB", "A");

  private SlimJar() {}

  /**
   * Takes out the signature. The virtual machine archives no classes of signed jars, and nothing
   * checks that signature any more: Maven has compared the digest of the jar, and the image that
   * the program is shipped in is signed as a whole.
   */
  static void removeSignature(Path jar) throws IOException {
    remove(jar, SlimJar::signature);
  }

  /** Takes out native libraries, which lie beside the jars as files. */
  public static void removeNativeLibraries(Path jar) throws IOException {
    remove(jar, SlimJar::nativeLibrary);
  }

  /** Whether an entry is a native library of any system. */
  public static boolean nativeLibrary(String entry) {
    return NATIVE.contains(ending(entry.toUpperCase(Locale.ROOT)));
  }

  private static boolean signature(String entry) {
    String name = entry.toUpperCase(Locale.ROOT);
    return name.startsWith(DIRECTORY)
        && name.indexOf('/', DIRECTORY.length()) < 0
        && SIGNATURES.contains(ending(name));
  }

  private static String ending(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }

  /** Leaves a jar that has nothing unwanted as it is. */
  private static void remove(Path jar, Predicate<String> unwanted) throws IOException {
    Path slim = jar.resolveSibling(jar.getFileName() + ".slim");
    try (var in = new ZipFile(jar.toFile())) {
      if (in.stream().map(ZipEntry::getName).noneMatch(unwanted)) {
        return;
      }
      try (var out = new ZipOutputStream(Files.newOutputStream(slim))) {
        for (var entries = in.entries(); entries.hasMoreElements(); ) {
          ZipEntry entry = entries.nextElement();
          if (!unwanted.test(entry.getName())) {
            var copy = new ZipEntry(entry.getName());
            copy.setTime(entry.getTime());
            out.putNextEntry(copy);
            in.getInputStream(entry).transferTo(out);
            out.closeEntry();
          }
        }
      }
    }
    Files.move(slim, jar, StandardCopyOption.REPLACE_EXISTING);
  }
}
