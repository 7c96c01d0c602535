package org.particleos.update.archive;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What several runs loaded, each thing once for all runs. Only what a command loaded several times
 * is there as often: two places in a class that make the same function object share a line of the
 * list but no class, and the second one would be generated each time.
 *
 * <p>Sorted, so that two builds give the same archive: threads load classes in any order.
 */
final class ClassList {
  private final Map<String, Integer> times = new TreeMap<>();

  /** Adds the lines that one run wrote, each once. */
  void add(List<String> run) {
    run.forEach(line -> times.putIfAbsent(line, 1));
  }

  /**
   * Adds the lines that two runs of one command wrote, as often as both have them: two threads that
   * come to one place at the same time make a function object there twice, which is chance.
   */
  void add(List<String> run, List<String> again) {
    add(run);
    add(again);
    Map<String, Integer> counted = counted(again);
    counted(run)
        .forEach((line, count) ->
            times.merge(line, Math.min(count, counted.getOrDefault(line, 1)), Math::max));
  }

  private static Map<String, Integer> counted(List<String> lines) {
    Map<String, Integer> counted = new HashMap<>();
    lines.forEach(line -> counted.merge(line, 1, Integer::sum));
    return counted;
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    times.forEach((line, count) -> lines.addAll(Collections.nCopies(count, line)));
    return lines;
  }
}
