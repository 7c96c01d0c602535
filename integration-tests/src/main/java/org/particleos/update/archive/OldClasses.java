package org.particleos.update.archive;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Brings classes that were compiled for Java 5 and older to the format of Java 8. The virtual
 * machine archives no linked class without stack maps, which came with Java 6, and verifies such
 * classes with a slower verifier each time. The instructions stay what they are.
 */
final class OldClasses {
  /** Java 6, the first with stack maps. */
  private static final int STACK_MAPS_MAJOR = ClassFile.JAVA_6_VERSION;

  private static final int TARGET_MAJOR = ClassFile.JAVA_8_VERSION;

  /** Where the major version stands: behind the magic number and the minor version. */
  private static final int MAJOR_AT = 6;

  private final ClassFile format;

  private OldClasses(ClassLoader libraries) {
    // Stack maps name the classes that values have in common where branches meet.
    this.format =
        ClassFile.of(
            ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
            ClassFile.ClassHierarchyResolverOption.of(
                ClassHierarchyResolver.ofResourceParsing(libraries)
                    .orElse(ClassHierarchyResolver.defaultResolver())
                    .cached()));
  }

  /** Rewrites the jars that have such classes, and leaves the others as they are. */
  static void modernize(List<Path> jars) throws IOException {
    try (var libraries = new URLClassLoader(urls(jars), ClassLoader.getPlatformClassLoader())) {
      var classes = new OldClasses(libraries);
      for (Path jar : jars) {
        classes.modernize(jar);
      }
    }
  }

  private static URL[] urls(List<Path> jars) throws MalformedURLException {
    URL[] urls = new URL[jars.size()];
    for (int i = 0; i < urls.length; i++) {
      urls[i] = jars.get(i).toUri().toURL();
    }
    return urls;
  }

  private void modernize(Path jar) throws IOException {
    Path rewritten = jar.resolveSibling(jar.getFileName() + ".rewritten");
    boolean any = false;
    try (var in = new ZipFile(jar.toFile());
        var out = new ZipOutputStream(Files.newOutputStream(rewritten))) {
      for (var entries = in.entries(); entries.hasMoreElements(); ) {
        ZipEntry entry = entries.nextElement();
        byte[] bytes = in.getInputStream(entry).readAllBytes();
        boolean old = entry.getName().endsWith(".class") && old(bytes);
        any |= old;
        var copy = new ZipEntry(entry.getName());
        copy.setTime(entry.getTime());
        out.putNextEntry(copy);
        out.write(old ? modern(bytes) : bytes);
        out.closeEntry();
      }
    }
    if (any) {
      Files.move(rewritten, jar, StandardCopyOption.REPLACE_EXISTING);
    } else {
      Files.delete(rewritten);
    }
  }

  private static boolean old(byte[] bytes) {
    return bytes.length > MAJOR_AT + 1
        && (Byte.toUnsignedInt(bytes[MAJOR_AT]) << 8 | Byte.toUnsignedInt(bytes[MAJOR_AT + 1]))
            < STACK_MAPS_MAJOR;
  }

  private byte[] modern(byte[] bytes) {
    ClassTransform version =
        (builder, element) -> {
          if (element instanceof ClassFileVersion) {
            builder.withVersion(TARGET_MAJOR, 0);
          } else {
            builder.with(element);
          }
        };
    // Methods are copied as they are unless something looks into their bodies.
    return format.transformClass(
        format.parse(bytes),
        version.andThen(ClassTransform.transformingMethodBodies(CodeTransform.ACCEPT_ALL)));
  }
}
