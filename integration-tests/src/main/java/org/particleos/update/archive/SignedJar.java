package org.particleos.update.archive;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Takes the signature out of a library. The virtual machine archives no classes of signed jars, and
 * nothing checks that signature once the jar is part of the distribution: Maven has compared its
 * digest, and the image that the program is shipped in is signed as a whole.
 */
final class SignedJar {
  private static final String DIRECTORY = "META-INF/";
  private static final Set<String> ENDINGS = Set.of("SF", "RSA", "DSA", "EC");

  private SignedJar() {}

  /** Leaves a jar without signature as it is. */
  static void strip(Path jar) throws IOException {
    Path stripped = jar.resolveSibling(jar.getFileName() + ".stripped");
    try (var in = new ZipFile(jar.toFile())) {
      if (in.stream().noneMatch(SignedJar::signature)) {
        return;
      }
      try (var out = new ZipOutputStream(Files.newOutputStream(stripped))) {
        for (var entries = in.entries(); entries.hasMoreElements(); ) {
          ZipEntry entry = entries.nextElement();
          if (!signature(entry)) {
            var copy = new ZipEntry(entry.getName());
            copy.setTime(entry.getTime());
            out.putNextEntry(copy);
            in.getInputStream(entry).transferTo(out);
            out.closeEntry();
          }
        }
      }
    }
    Files.move(stripped, jar, StandardCopyOption.REPLACE_EXISTING);
  }

  private static boolean signature(ZipEntry entry) {
    String name = entry.getName().toUpperCase(Locale.ROOT);
    return name.startsWith(DIRECTORY)
        && name.indexOf('/', DIRECTORY.length()) < 0
        && ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1));
  }
}
