package org.particleos.update.pattern;

import java.util.List;
import java.util.Optional;

/**
 * The patterns of one side of a transfer, in order (transfer-files.md 9.5). Never empty; the first
 * names new instances, all of them recognise existing ones. Duplicates are removed, keeping the
 * first.
 */
public record PatternList(List<MatchPattern> patterns) {
  public PatternList {
    patterns = patterns.stream().distinct().toList();
    if (patterns.isEmpty()) {
      throw new IllegalArgumentException("a transfer has at least one pattern on each side");
    }
  }

  /**
   * What the list says about one string. Both may be set: a directory can be an instance of one
   * pattern and hold instances of another.
   *
   * @param match the fields from the first pattern that matches
   * @param descend whether some pattern looks for something below the string
   */
  public record ListMatch(Optional<InstanceMetadata> match, boolean descend) {}

  public ListMatch match(String string) {
    Optional<InstanceMetadata> first = Optional.empty();
    boolean descend = false;
    for (MatchPattern pattern : patterns) {
      switch (pattern.match(string)) {
        case PatternMatch.No() -> {}
        case PatternMatch.Descend() -> descend = true;
        case PatternMatch.Match(var metadata) -> {
          if (first.isEmpty()) {
            first = Optional.of(metadata);
          }
        }
      }
    }
    return new ListMatch(first, descend);
  }

  /** The pattern that names new instances. */
  public MatchPattern first() {
    return patterns.getFirst();
  }

  /** Whether some pattern has the prefix {@code **}{@code /}: a scan enters every directory. */
  public boolean anywhere() {
    return patterns.stream().anyMatch(MatchPattern::isAnywhere);
  }

  /** The same without the prefix {@code **}{@code /}: what a target inherits from its source. */
  public PatternList withoutAnywhere() {
    return new PatternList(patterns.stream().map(MatchPattern::withoutAnywhere).toList());
  }

  @Override
  public String toString() {
    return String.join(" ", patterns.stream().map(MatchPattern::text).toList());
  }
}
