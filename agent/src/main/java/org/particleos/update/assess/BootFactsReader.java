package org.particleos.update.assess;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Collects {@link BootFacts} of the running system. Whatever is missing or malformed is empty. */
public final class BootFactsReader {
  /** Names a folder with {@code sys} and {@code proc} of a made-up machine, for tests. */
  public static final String VARIABLE = "PARTICLE_UPDATE_KERNEL_DIRECTORY";

  /** The vendor of the variables of the Boot Loader Interface. */
  private static final String VENDOR = "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

  /** efivarfs puts the attributes of a variable before its value. */
  private static final int ATTRIBUTES_BYTES = 4;

  /** Paths and names; firmware allows more, no loader needs it. */
  private static final int BYTES_MAX = 1 << 14;

  private static final Pattern BLANKS = Pattern.compile("[\\s\\x00]+");

  private final Path variables;
  private final Path commandLine;
  private final List<String> unknown = new ArrayList<>();

  private BootFactsReader(Path kernel) {
    this.variables = kernel.resolve("sys/firmware/efi/efivars");
    this.commandLine = kernel.resolve("proc/cmdline");
  }

  /**
   * Of the system that runs.
   *
   * @param environment for {@link #VARIABLE}
   */
  public static BootFacts read(Map<String, String> environment) {
    String folder = environment.getOrDefault(VARIABLE, "");
    return new BootFactsReader(Path.of(folder.startsWith("/") ? folder : "/")).read();
  }

  private BootFacts read() {
    List<String> words = words();
    if (!Files.isDirectory(variables)) {
      unknown.add("the firmware has no EFI variables, so that no boot loader says what it started");
      return new BootFacts(
          Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), words, unknown);
    }
    Optional<String> selected = variable("LoaderEntrySelected");
    Optional<String> stub = variable("StubImageIdentifier");
    if (selected.isEmpty() && stub.isEmpty()) {
      unknown.add("the boot loader does not say which entry it started");
    }
    return new BootFacts(
        selected, variable("LoaderBootCountPath"), stub, variable("LoaderInfo"), words, unknown);
  }

  private List<String> words() {
    try {
      String text = new String(bytes(commandLine), StandardCharsets.UTF_8);
      return BLANKS.splitAsStream(text).filter(word -> !word.isEmpty()).toList();
    } catch (IOException _) {
      unknown.add("the command line of the kernel cannot be read");
      return List.of();
    }
  }

  /** UTF-16 as EFI has it, up to the first zero. */
  private Optional<String> variable(String name) {
    try {
      byte[] content = bytes(variables.resolve(name + VENDOR));
      if (content.length < ATTRIBUTES_BYTES || content.length % 2 != 0) {
        unknown.add("the EFI variable " + name + " is malformed");
        return Optional.empty();
      }
      String text =
          new String(
              content,
              ATTRIBUTES_BYTES,
              content.length - ATTRIBUTES_BYTES,
              StandardCharsets.UTF_16LE);
      int end = text.indexOf('\0');
      return Optional.of(end < 0 ? text : text.substring(0, end)).filter(value -> !value.isEmpty());
    } catch (NoSuchFileException _) {
      return Optional.empty(); // not every loader and not every start sets each
    } catch (IOException _) {
      unknown.add("the EFI variable " + name + " cannot be read");
      return Optional.empty();
    }
  }

  private static byte[] bytes(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(BYTES_MAX);
    }
  }
}
