package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Shell patterns as fnmatch(3) has them. */
class GlobTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      ignoreLeadingAndTrailingWhitespace = true,
      nullValues = "EMPTY",
      textBlock =
          """
          abc        | abc      | true
          abc        | abcd     | false
          abcd       | abc      | false
          *          | a/b      | true
          a*c        | abbc     | true
          a*c        | abcb     | false
          a*b*c      | aXbXbXc  | true
          *.org      | x.org    | true
          **a        | a        | true
          a?c        | abc      | true
          a?c        | ac       | false
          [a-c]x     | bx       | true
          [a-c]x     | dx       | false
          [!a-c]x    | dx       | true
          [^a-c]x    | bx       | false
          []a]       | ]        | true
          [!]a]      | ]        | false
          [a-]       | -        | true
          [a\\-z]    | m        | false
          [a\\]]     | ]        | true
          [[:digit:]x] | 7      | true
          [[:digit:]x] | x      | true
          [[:digit:]x] | y      | false
          [[:nothing:]] | n     | false
          [![:alpha:]] | 7      | true
          [abc       | [abc     | true
          [abc       | a        | false
          a\\*       | a*       | true
          a\\*       | ab       | false
          a\\        | a\\      | true
          ?          | 😀       | true
          ABC        | abc      | false
          """)
  void aPatternMatchesAsTheShellHasIt(String pattern, String text, boolean expected) {
    assertEquals(expected, Glob.matches(pattern, text));
  }

  @Test
  void nothingMatchesOnlyStarsAndNothing() {
    assertTrue(Glob.matches("", ""));
    assertTrue(Glob.matches("**", ""));
    assertFalse(Glob.matches("?", ""));
    assertFalse(Glob.matches("", "a"));
  }

  @Test
  void caseMayBeIgnored() {
    assertTrue(Glob.matchesIgnoringCase("BOX-[A-C]*", "box-b.example.ORG"));
    assertFalse(Glob.matchesIgnoringCase("BOX", "ox"));
  }

  /** A matcher that tries everything would never return. */
  @Test
  void manyStarsAreNoProblem() {
    assertFalse(Glob.matches("a*".repeat(100) + "b", "a".repeat(2000)));
  }
}
