package org.particleos.update.archive;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class ClassListIT {
  private final ClassList classes = new ClassList();

  @Test
  void linesAreSortedAndOnceForAllRuns() {
    classes.add(List.of("b", "a"));
    classes.add(List.of("c", "a"));

    assertEquals(List.of("a", "b", "c"), classes.lines());
  }

  @Test
  void whatACommandLoadsSeveralTimesIsThereAsOften() {
    classes.add(List.of("a", "b", "a"), List.of("a", "a", "b"));
    classes.add(List.of("a"), List.of("a"));

    assertEquals(List.of("a", "a", "b"), classes.lines());
  }

  @Test
  void whatWasLoadedSeveralTimesByChanceIsThereOnce() {
    classes.add(List.of("a", "a", "b"), List.of("a", "b", "b", "c"));
    classes.add(List.of("d", "d"));

    assertEquals(List.of("a", "b", "c", "d"), classes.lines());
  }
}
