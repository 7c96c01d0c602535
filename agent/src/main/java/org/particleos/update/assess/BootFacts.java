package org.particleos.update.assess;

import java.util.List;
import java.util.Optional;

/**
 * What boot loader, boot stub and kernel say about how the machine was started (The Boot Loader
 * Interface). What they do not say is empty.
 *
 * @param entrySelected {@code LoaderEntrySelected}: the entry that was started
 * @param countPath {@code LoaderBootCountPath}: the file whose name counts this start, on the
 *     partition that the entry is on; only there if the loader counts it
 * @param stubImage {@code StubImageIdentifier}: the file of the kernel that was started
 * @param loader {@code LoaderInfo}: name and version of the loader
 * @param commandLine of the kernel, in words
 * @param unknown why something of that is not known, one clause each
 */
public record BootFacts(
    Optional<String> entrySelected,
    Optional<String> countPath,
    Optional<String> stubImage,
    Optional<String> loader,
    List<String> commandLine,
    List<String> unknown) {
  /** Of a system that does not run. */
  public static final BootFacts NONE =
      new BootFacts(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          List.of(),
          List.of());

  public BootFacts {
    commandLine = List.copyOf(commandLine);
    unknown = List.copyOf(unknown);
  }
}
