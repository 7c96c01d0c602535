package org.particleos.update.definition;

import java.util.Optional;

/** What the {@code %x} of a definition file stand for on this machine (transfer-files.md 4). */
public interface SpecifierSource {
  /** The native architecture; empty if it is none that the specification knows. */
  Optional<Architecture> architecture();

  /**
   * The value of one specifier.
   *
   * @param letter an ASCII letter or digit
   * @throws SpecifierException if there is no such specifier or its value is not available
   */
  String expand(char letter) throws SpecifierException;
}
