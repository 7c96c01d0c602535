package org.particleos.update.boot;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.pe.MalformedPeException;
import org.particleos.update.pe.PeImage;
import org.particleos.update.pe.PeMachine;
import org.particleos.update.pe.PeSection;

/**
 * What a file that firmware starts says about itself: a unified kernel image, an add-on to one, or
 * something else (UAPI.5 Unified Kernel Image).
 *
 * @param commandLines of the kernel, of all profiles; as they stand there
 * @param kernelRelease {@code uname -r} of the kernel, of an add-on that of the kernel it is for
 * @param osRelease the fields of os-release; empty if it has none
 */
public record EfiProgram(
    Kind kind,
    PeMachine machine,
    List<String> commandLines,
    Optional<String> kernelRelease,
    Optional<Map<String, String>> osRelease) {
  /** Far above what kernels take. */
  private static final int COMMAND_LINE_BYTES_MAX = 1 << 16;

  private static final int TEXT_BYTES_MAX = 1 << 16;

  private static final String LINUX = ".linux";
  private static final List<String> ADD_ON_SECTIONS =
      List.of(".cmdline", ".dtb", ".ucode", ".initrd");

  /** What it is. */
  public enum Kind {
    /** Has a kernel. */
    KERNEL,
    /** Has no kernel, but something to add to one. */
    ADD_ON,
    /** A boot loader, a driver, a tool. */
    OTHER
  }

  public EfiProgram {
    commandLines = List.copyOf(commandLines);
    osRelease = osRelease.map(Map::copyOf);
  }

  /**
   * Reads the headers and the texts.
   *
   * @throws NotBootableException if it is no PE file, or not the kernel that it says it is
   */
  public static EfiProgram read(OpenFile file) throws IOException, NotBootableException {
    try {
      return parse(file);
    } catch (MalformedPeException e) {
      throw new NotBootableException(e.clause(), e);
    }
  }

  private static EfiProgram parse(OpenFile file)
      throws IOException, MalformedPeException, NotBootableException {
    PeImage image = PeImage.read(file);
    Kind kind = kind(image);
    List<String> commandLines = new ArrayList<>();
    for (PeSection section : image.sections()) {
      if (kind != Kind.OTHER && section.name().equals(".cmdline")) {
        commandLines.add(text(section, file, COMMAND_LINE_BYTES_MAX));
      }
    }
    Optional<PeSection> release = kind == Kind.OTHER ? Optional.empty() : image.section(".uname");
    Optional<PeSection> system = kind == Kind.KERNEL ? image.section(".osrel") : Optional.empty();
    return new EfiProgram(
        kind,
        image.machine(),
        commandLines,
        release.isPresent()
            ? Optional.of(text(release.get(), file, TEXT_BYTES_MAX).strip())
            : Optional.empty(),
        system.isPresent()
            ? Optional.of(fields(text(system.get(), file, TEXT_BYTES_MAX)))
            : Optional.empty());
  }

  private static Kind kind(PeImage image) throws NotBootableException {
    Optional<PeSection> kernel = image.section(LINUX);
    if (kernel.isPresent()) {
      if (kernel.get().contentBytes() == 0) {
        throw new NotBootableException("has an empty section " + LINUX);
      }
      requireApplication(image);
      return Kind.KERNEL;
    }
    // Stubs and boot loaders have code; what only adds something is told by what it adds.
    boolean adds = ADD_ON_SECTIONS.stream().anyMatch(name -> image.section(name).isPresent());
    if (adds) {
      requireApplication(image);
    }
    return adds ? Kind.ADD_ON : Kind.OTHER;
  }

  private static void requireApplication(PeImage image) throws NotBootableException {
    if (image.subsystem() != PeImage.EFI_APPLICATION) {
      throw new NotBootableException(
          "is of subsystem " + image.subsystem() + ", no EFI application");
    }
  }

  private static String text(PeSection section, OpenFile file, int bytesMax)
      throws IOException, MalformedPeException {
    byte[] bytes = section.content(file, bytesMax);
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  /** Of os-release only plain values matter here; quotes around them go. */
  private static Map<String, String> fields(String text) {
    Map<String, String> fields = new HashMap<>();
    text.lines()
        .map(String::strip)
        .filter(line -> !line.startsWith("#") && line.indexOf('=') > 0)
        .forEach(line -> {
          int at = line.indexOf('=');
          fields.put(line.substring(0, at), unquoted(line.substring(at + 1)));
        });
    return fields;
  }

  private static String unquoted(String value) {
    boolean quoted =
        value.length() > 1
            && (value.startsWith("\"") || value.startsWith("'"))
            && value.charAt(0) == value.charAt(value.length() - 1);
    return quoted ? value.substring(1, value.length() - 1) : value;
  }

  /** The values that an option has on the command lines, in order (kernel-command-line(7)). */
  public List<String> options(String name) {
    String start = name + "=";
    return commandLines.stream()
        .flatMap(line -> words(line).stream())
        .filter(word -> word.startsWith(start))
        .map(word -> word.substring(start.length()))
        .toList();
  }

  /** Words between blanks; quotes keep blanks inside and go. */
  private static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    var word = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char each = line.charAt(i);
      if (each == '"') {
        quoted = !quoted;
      } else if (!quoted && Character.isWhitespace(each)) {
        words.add(word.toString());
        word.setLength(0);
      } else {
        word.append(each);
      }
    }
    words.add(word.toString());
    return words;
  }
}
