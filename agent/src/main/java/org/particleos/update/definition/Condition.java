package org.particleos.update.definition;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.particleos.update.definition.Suggestion.Verdict;
import org.particleos.update.pattern.FieldText;

/**
 * One {@code SuggestOn…=} (transfer-files.md 18.2). Whether its parameter is well-formed shows only
 * when it is evaluated: a definition that some release cannot read must not stop the others.
 *
 * @param trigger whether one of all triggers is enough
 * @param parameter with specifiers replaced, without marks
 */
public record Condition(ConditionKind kind, boolean trigger, boolean negated, String parameter) {
  public Condition {
    Objects.requireNonNull(kind);
    Objects.requireNonNull(parameter);
  }

  Verdict evaluate(ConditionFacts facts) {
    try {
      return new Verdict.Known(holds(facts) != negated);
    } catch (UndeterminedException e) {
      return new Verdict.Undetermined(e.reason(), kind.key() + "=: " + e.detail());
    }
  }

  private boolean holds(ConditionFacts facts) throws UndeterminedException {
    return switch (kind) {
      case ARCHITECTURE -> isArchitecture(facts);
      case FIRMWARE -> Firmware.matches(parameter, facts);
      case VIRTUALIZATION -> Virtualization.detect(facts).matches(parameter, facts);
      case HOST -> isHost(facts);
      case FRACTION -> Fraction.parse(parameter).includes(facts);
      case KERNEL_COMMAND_LINE -> isOnKernelCommandLine(facts);
      case VERSION -> SoftwareVersion.matches(parameter, facts);
      case CREDENTIAL -> facts.hasCredential(parameter);
      case SECURITY -> SecurityFacility.isActive(parameter, facts);
      case OS_RELEASE -> isOsRelease(facts);
      case MACHINE_TAG ->
          facts.machineTags().stream().anyMatch(tag -> Glob.matches(parameter, tag));
    };
  }

  private boolean isArchitecture(ConditionFacts facts) {
    Optional<String> asked =
        parameter.equals("native")
            ? facts.programArchitecture().map(Architecture::text)
            : Optional.of(parameter);
    return asked.isPresent() && asked.equals(facts.host().architecture().map(Architecture::text));
  }

  private boolean isHost(ConditionFacts facts) throws UndeterminedException {
    var uuid = FieldText.uuid(parameter);
    if (uuid.isPresent()) {
      return Stream.of(facts.host().machineId(), facts.host().bootId(), facts.productUuid())
          .anyMatch(id -> id.flatMap(FieldText::uuid).equals(uuid));
    }
    String hostname =
        facts
            .host()
            .hostname()
            .orElseThrow(() -> UndeterminedException.unknown("the name of this host"));
    return Glob.matchesIgnoringCase(parameter, hostname);
  }

  private boolean isOnKernelCommandLine(ConditionFacts facts) {
    boolean assignment = parameter.contains("=");
    return facts.kernelCommandLine().stream()
        .anyMatch(
            word -> word.equals(parameter) || (!assignment && word.startsWith(parameter + "=")));
  }

  /** Always of the running system, even if another root is worked on. */
  private boolean isOsRelease(ConditionFacts facts) throws UndeterminedException {
    List<String> words = Words.quoted(parameter).orElse(List.of());
    if (words.isEmpty()) {
      throw UndeterminedException.malformed(parameter, "KEY=VALUE");
    }
    boolean all = true;
    for (String word : words) {
      var comparison = Comparison.parse(word);
      if (comparison.isEmpty() || comparison.get().subject().isEmpty()) {
        throw UndeterminedException.malformed(word, "KEY=VALUE");
      }
      Map<String, String> fields =
          facts
              .host()
              .osRelease()
              .orElseThrow(() -> UndeterminedException.unknown("the os-release of this host"));
      all &= comparison.get().holdsFor(fields.getOrDefault(comparison.get().subject(), ""));
    }
    return all;
  }
}
