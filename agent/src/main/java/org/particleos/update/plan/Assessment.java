package org.particleos.update.plan;

import java.util.ArrayList;
import java.util.List;
import org.particleos.update.plan.VersionSet.Flags;

/**
 * Names for combinations of flags (update-algorithm.md 5).
 *
 * <p>Deviation: H-02, the reference knows 17 combinations and aborts on the others. Here the words
 * of the table are read as a base and suffixes in a fixed order, which gives the same strings for
 * the 17 and a name for each of the rest. A version that did not come up has a word more.
 */
final class Assessment {
  private Assessment() {}

  static String of(Flags flags) {
    if (!flags.installed() && !flags.available()) {
      return "n/a";
    }
    List<String> words = new ArrayList<>();
    words.add(base(flags));
    if (flags.obsolete()) {
      words.add("obsolete");
    }
    if (flags.installed() && flags.incomplete()) {
      words.add("incomplete");
    }
    // An unfinished download beside finished ones counts as unfinished: that is what is to be done.
    if (flags.installed() && flags.partial()) {
      words.add("partial");
    } else if (flags.installed() && flags.pending()) {
      words.add("pending");
    }
    if (flags.quarantined()) {
      words.add("quarantined");
    }
    return String.join("+", words);
  }

  private static String base(Flags flags) {
    if (!flags.installed()) {
      return flags.newest() && !flags.obsolete() ? "candidate" : "available";
    }
    if (flags.newest()) {
      return "current";
    }
    return flags.protectedVersion() ? "protected" : "installed";
  }
}
