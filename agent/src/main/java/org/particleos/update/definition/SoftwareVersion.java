package org.particleos.update.definition;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code SuggestOnVersion=} (transfer-files.md 18.2). */
final class SoftwareVersion {
  private static final String FORM = "[kernel|systemd|glibc] EXPRESSION…";

  private SoftwareVersion() {}

  static boolean matches(String parameter, ConditionFacts facts) throws UndeterminedException {
    var words = new ArrayList<>(Words.quoted(parameter).orElse(List.of()));
    String name =
        !words.isEmpty() && List.of("kernel", "systemd", "glibc").contains(words.getFirst())
            ? words.removeFirst()
            : "kernel";
    List<Comparison> expressions = expressions(words, parameter);
    Optional<String> version =
        switch (name) {
          case "systemd" -> facts.systemdVersion();
          case "glibc" -> facts.glibcVersion();
          default -> facts.host().kernelRelease();
        };
    String known =
        version.orElseThrow(() -> UndeterminedException.unknown("the version of " + name));
    return expressions.stream().allMatch(expression -> expression.holdsFor(known));
  }

  private static List<Comparison> expressions(List<String> words, String parameter)
      throws UndeterminedException {
    var expressions = new ArrayList<Comparison>();
    for (int i = 0; i < words.size(); i++) {
      Comparison expression =
          Comparison.parse(words.get(i))
              .filter(comparison -> comparison.subject().isEmpty())
              .orElse(new Comparison("", Comparison.Operator.GLOB, words.get(i)));
      if (expression.value().isEmpty()) {
        // The value may stand apart from its operator.
        i++;
        if (i == words.size()) {
          throw UndeterminedException.malformed(parameter, FORM);
        }
        expression = new Comparison("", expression.operator(), words.get(i));
      }
      expressions.add(expression);
    }
    if (expressions.isEmpty()) {
      throw UndeterminedException.malformed(parameter, FORM);
    }
    return List.copyOf(expressions);
  }
}
