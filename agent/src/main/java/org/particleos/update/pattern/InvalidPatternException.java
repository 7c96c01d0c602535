package org.particleos.update.pattern;

/** A word is no match pattern. Who reads the file adds where the word stands. */
public final class InvalidPatternException extends Exception {
  private final String why;

  InvalidPatternException(String why) {
    super(why);
    this.why = why;
  }

  /** A clause such as {@code "@x" is no wildcard}, with outside text quoted. */
  public String why() {
    return why;
  }
}
