package org.particleos.update.definition;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.particleos.update.failure.Quote;

/** Collects what is tolerated during one load, in the order of reading. */
public final class Warnings {
  private final List<DefinitionWarning> collected = new ArrayList<>();

  public void add(Path file, int line, String text) {
    collected.add(new DefinitionWarning(file, line, text));
  }

  /** The assignment is treated as if it were not there. */
  public void ignored(Assignment assignment, String why) {
    add(
        assignment.file(),
        assignment.line(),
        "ignored ["
            + assignment.section()
            + "] "
            + assignment.key()
            + "="
            + Quote.quote(assignment.value())
            + ": "
            + why);
  }

  public List<DefinitionWarning> all() {
    return List.copyOf(collected);
  }
}
