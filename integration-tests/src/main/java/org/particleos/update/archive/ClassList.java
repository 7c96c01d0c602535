package org.particleos.update.archive;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What several runs loaded, each thing once for all runs. Only what one run loaded several times is
 * there as often: two places in a class that make the same function object share a line of the list
 * but no class, and the second one would be generated each time.
 *
 * <p>Sorted, so that two builds give the same archive: threads load classes in any order.
 */
final class ClassList {
  private final Map<String, Integer> times = new TreeMap<>();

  /** Adds the lines that one run wrote. */
  void add(List<String> run) {
    Map<String, Integer> here = new HashMap<>();
    run.forEach(line -> here.merge(line, 1, Integer::sum));
    here.forEach((line, count) -> times.merge(line, count, Math::max));
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    times.forEach((line, count) -> lines.addAll(Collections.nCopies(count, line)));
    return lines;
  }
}
