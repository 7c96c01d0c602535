package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.definition.Suggestion.Verdict;

/** transfer-files.md 18.1: how the keys are read, and how conditions combine. */
class SuggestionTest {
  @TempDir private Path directory;
  private ConditionFacts facts = new AMachine(Path.of("/nonexistent")).facts();
  private DefinitionTree tree = new DefinitionTree(Path.of("/nonexistent"));

  @BeforeEach
  void aMachineAndADefinition() throws Exception {
    facts = new AMachine(directory.resolve("machine")).identified().facts();
    tree = new DefinitionTree(directory.resolve("root"));
  }

  /**
   * The letters are conditions: t holds, f does not, e is malformed; with a bar it is a trigger.
   */
  @ParameterizedTest
  @CsvSource({
    "'', no",
    "t, yes",
    "f, no",
    "e, error",
    "t t, yes",
    "t f, no",
    "e f, no",
    "f e, no",
    "t e, error",
    "|t, yes",
    "|f, no",
    "|e, error",
    "|t |f, yes",
    "|f |t, yes",
    "|e |t, yes",
    "|t |e, yes",
    "|e |f, error",
    "|f |f, no",
    "t |t, yes",
    "t |f, no",
    "t |e, error",
    "f |t, no",
    "f |e, no",
    "e |t, error",
    "e |f, no",
    "e |e, error",
    "e f |e, no",
    "e |t |e, error",
  })
  void conditionsCombineWithFalseBeforeTriggersBeforeErrors(String letters, String expected) {
    var conditions =
        Stream.of(letters.split(" "))
            .filter(text -> !text.isEmpty())
            .map(SuggestionTest::condition);

    var verdict = new Suggestion(Optional.empty(), conditions.toList()).evaluate(facts);

    switch (verdict) {
      case Verdict.Known(var suggested) -> assertEquals(expected, suggested ? "yes" : "no");
      case Verdict.Undetermined(var reason, var detail) -> {
        assertEquals(expected, "error");
        assertEquals("Invalid argument", reason);
        assertTrue(detail.startsWith("SuggestOnFraction=: \"x\""), detail);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"true, t", "true, f", "true, e", "false, t", "false, e"})
  void aPlainAnswerBeatsAllConditions(boolean suggest, String letter) {
    var suggestion = new Suggestion(Optional.of(suggest), List.of(condition(letter)));

    assertEquals(new Verdict.Known(suggest), suggestion.evaluate(facts));
  }

  @ParameterizedTest
  @CsvSource({
    "x, false, false, x",
    "!x, false, true, x",
    "|x, true, false, x",
    "|!x, true, true, x",
    "'| ! x y', true, true, x y",
    "'!|x', false, true, |x",
    "'!!x', false, true, !x",
    "%o-%%, false, false, fedora-%",
  })
  void aValueHasMarksAndAParameter(String value, boolean trigger, boolean negated, String parameter)
      throws Exception {
    var suggestion = read("SuggestOnHost=" + value);

    assertEquals(
        List.of(new Condition(ConditionKind.HOST, trigger, negated, parameter)),
        suggestion.conditions());
  }

  @Test
  void everyKeyIsKnown() throws Exception {
    for (ConditionKind kind : ConditionKind.values()) {
      assertEquals(
          List.of(new Condition(kind, false, false, "x")),
          read(kind.key() + "=x").conditions(),
          kind.key());
      assertEquals(List.of(), tree.load().warnings());
    }
  }

  @Test
  void anEmptyValueRemovesTheConditionsOfItsKeyOnly() throws Exception {
    var suggestion =
        read(
            """
            SuggestOnHost=a
            SuggestOnSecurity=tpm2
            SuggestOnHost=b
            SuggestOnHost=
            SuggestOnHost=c
            Suggest=yes
            Suggest=
            """);

    assertEquals(
        List.of(
            new Condition(ConditionKind.SECURITY, false, false, "tpm2"),
            new Condition(ConditionKind.HOST, false, false, "c")),
        suggestion.conditions());
    assertEquals(Optional.empty(), suggestion.suggest());
  }

  @Test
  void whatDoesNotExpandIsIgnoredWithAWarning() throws Exception {
    assertEquals(List.of(), read("SuggestOnHost=%x").conditions());
    assertEquals(1, tree.load().warnings().size());
  }

  @Test
  void anUnknownKeyIsIgnoredWithAWarning() throws Exception {
    assertEquals(List.of(), read("SuggestOnWeather=sun").conditions());
    assertTrue(tree.load().warnings().getFirst().text().contains("no such key"));
  }

  @Test
  void aMalformedConditionDoesNotKeepTheDefinitionFromLoading() throws Exception {
    var suggestion = read("SuggestOnFraction=many");

    assertInstanceOf(Verdict.Undetermined.class, suggestion.evaluate(facts));
    assertEquals(List.of(), tree.load().warnings());
  }

  private Suggestion read(String keys) throws Exception {
    tree.file("etc/sysupdate.d/devel.feature", "[Feature]\n" + keys + "\n");
    return tree.load().features().getFirst().suggestion();
  }

  private static Condition condition(String letters) {
    boolean trigger = letters.startsWith("|");
    String parameter =
        switch (letters.charAt(letters.length() - 1)) {
          case 't' -> "100%";
          case 'f' -> "0%";
          default -> "x";
        };
    return new Condition(ConditionKind.FRACTION, trigger, false, parameter);
  }
}
