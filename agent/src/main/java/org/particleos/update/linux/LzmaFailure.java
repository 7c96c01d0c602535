package org.particleos.update.linux;

/** Why liblzma does not decode a block. */
public final class LzmaFailure extends Exception {
  /** What is wrong with the block. */
  public enum Kind {
    /** It is not what it was, or never was a block. */
    DAMAGED,
    /** It uses a filter, or a combination of them, that this library does not know. */
    UNKNOWN_FILTERS,
    /** It is in no format that this library knows. */
    OTHER_FORMAT
  }

  private final Kind kind;

  LzmaFailure(Kind kind) {
    super(kind.name(), null, false, false);
    this.kind = kind;
  }

  /** What is wrong. */
  public Kind kind() {
    return kind;
  }
}
