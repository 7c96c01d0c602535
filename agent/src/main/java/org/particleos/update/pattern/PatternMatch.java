package org.particleos.update.pattern;

import java.util.Objects;

/** What one pattern says about one string (transfer-files.md 9.5). */
public sealed interface PatternMatch {
  /** The string is something else. */
  record No() implements PatternMatch {}

  /** The string is a complete directory prefix of what the pattern wants. */
  record Descend() implements PatternMatch {}

  /** The string is an instance. */
  record Match(InstanceMetadata metadata) implements PatternMatch {
    public Match {
      Objects.requireNonNull(metadata);
    }
  }
}
