package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How a run of the program ended. */
record Run(int status, String out, String err) {
  private static final Pattern REPORT =
      Pattern.compile(
          """
          (?:.*
          )*?particle-update: (?<what>.+)
            found:  (?<found>.+)
            state:  (?<state>.+)
            remedy: (?<remedy>.+)
          """);

  /** The four lines of a failure. */
  record Report(String what, String found, String state, String remedy) {}

  Run expect(int expected) {
    assertEquals(expected, status, this::toString);
    return this;
  }

  Run says(String text) {
    assertTrue((out + err).contains(text), () -> "expected \"" + text + "\" in " + this);
    return this;
  }

  JsonNode json() throws JsonProcessingException {
    return new ObjectMapper().readTree(out);
  }

  /** Refused or failed with this status, in four lines. */
  Report failure(int expected) {
    expect(expected);
    Matcher report = REPORT.matcher(err);
    assertTrue(report.matches(), () -> "expected what, found, state and remedy in " + this);
    return new Report(
        report.group("what"), report.group("found"), report.group("state"), report.group("remedy"));
  }

  /** The same, and the first two lines say these things. */
  Report failure(int expected, String what, String found) {
    Report report = failure(expected);
    contains(report.what(), what);
    contains(report.found(), found);
    return report;
  }

  private void contains(String line, String text) {
    assertTrue(
        line.toLowerCase(Locale.ROOT).contains(text.toLowerCase(Locale.ROOT)),
        () -> "expected \"" + text + "\" in \"" + line + "\" of " + this);
  }

  @Override
  public String toString() {
    return "a run that ended with " + status + " and said\n" + out + "\n----\n" + err;
  }
}
