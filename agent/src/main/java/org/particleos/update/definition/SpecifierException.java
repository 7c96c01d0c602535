package org.particleos.update.definition;

/** A text with specifiers has no expansion. */
public final class SpecifierException extends Exception {
  private final String why;

  public SpecifierException(String why) {
    super(why);
    this.why = why;
  }

  /** A clause, with outside text quoted. */
  public String why() {
    return why;
  }
}
