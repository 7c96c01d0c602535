package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** transfer-files.md 2, row by row. */
class IniReaderTest {
  private static final Path FILE = Path.of("/etc/sysupdate.d/50-os.transfer");

  private final Warnings warnings = new Warnings();

  @Test
  void keysAndValuesAreTrimmedAndSplitAtTheFirstEqualsSign() throws Exception {
    assertEquals(List.of("A=1 = 2", "B=", "C=x"), read("[S]\n\t A \t=  1 = 2\r\nB=\n  C=x"));
    assertEquals(List.of(), warnings.all());
  }

  @Test
  void commentsStartALineAndNeverTrail() throws Exception {
    assertEquals(
        List.of("A=value # x", "B=1;2"), read("# c\n; c\n[S]\n  # c\nA=value # x\n\t;c\nB=1;2\n"));
    assertEquals(List.of(), warnings.all());
  }

  @Test
  void aBackslashJoinsTheNextLineWithOneSpace() throws Exception {
    assertEquals(List.of("A=a   b", "B=c d e"), read("[S]\nA=a\\\n  b\nB=c\\\nd\\\ne\n"));
  }

  @Test
  void backslashesPairUpBeforeTheyContinueALine() throws Exception {
    assertEquals(List.of("A=a\\\\", "B=a\\\\ b"), read("[S]\nA=a\\\\\nB=a\\\\\\\nb\n"));
  }

  @Test
  void aCommentWithinAContinuedAssignmentIsDropped() throws Exception {
    assertEquals(List.of("A=a b"), read("[S]\nA=a\\\n# comment \\\n; another\nb\n"));
  }

  @Test
  void aBlankLineEndsAContinuation() throws Exception {
    assertEquals(List.of("A=a", "B=b"), read("[S]\nA=a\\\n\nB=b\n"));
  }

  @Test
  void theEndOfTheFileEndsAContinuation() throws Exception {
    assertEquals(List.of("A=a"), read("[S]\nA=a\\"));
  }

  @Test
  void oneByteOrderMarkIsSkipped() throws Exception {
    assertEquals(List.of("A=a"), read("\ufeff[S]\nA=a\n"));
    assertEquals(List.of(), warnings.all());
  }

  @Test
  void unknownSectionsAreIgnoredWithOneWarning() throws Exception {
    assertEquals(List.of("A=1", "B=2"), read("[S]\nA=1\n[Other]\nA=9\nrubbish\n[S]\nB=2\n"));
    assertWarning(3, "\"Other\"");
  }

  @Test
  void extensionsAreIgnoredSilently() throws Exception {
    assertEquals(List.of("A=1"), read("[X-Other]\nA=9\n[S]\nX-Key=1\nA=1\n"));
    assertEquals(List.of(), warnings.all());
  }

  @Test
  void anAssignmentBeforeAnySectionIsIgnoredWithAWarning() throws Exception {
    assertEquals(List.of("A=2"), read("A=1\n[S]\nA=2\n"));
    assertWarning(1, "before any section");
  }

  @Test
  void aLineWithoutEqualsSignIsIgnoredWithAWarning() throws Exception {
    assertEquals(List.of("A=1"), read("[S]\nrubbish\nA=1\n"));
    assertWarning(2, "no \"=\"");
  }

  @Test
  void aLineWithoutKeyIsIgnoredWithAWarning() throws Exception {
    assertEquals(List.of("A=1"), read("[S]\n  = 2\nA=1\n"));
    assertWarning(2, "no key");
  }

  @Test
  void theLineOfAnAssignmentIsWhereItStarts() throws Exception {
    var assignments = reader().read(bytes("# c\n[S]\nA=a\\\nb\nB=1\n"));

    assertEquals(List.of(3, 5), assignments.stream().map(Assignment::line).toList());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"[S", "[S] x", "[a\\b]", "[a\"b]", "[a'b]", "[a*b]", "[a?b]", "[a[b]", "[a\tb]"})
  void aBadSectionHeaderIsFatalAndNamesItsLine(String header) {
    var refusal =
        assertThrows(
            UpdateException.Configuration.class, () -> read("[S]\nA=1\n" + header + "\nB=2\n"));

    assertEquals(Reason.DEFINITION_INVALID, refusal.reason());
    assertTrue(String.valueOf(refusal.getMessage()).contains(FILE + ":3:"), refusal.getMessage());
  }

  @Test
  void bytesThatAreNoUtf8AreFatalExceptInComments() throws Exception {
    byte[] latin = "[S]\nA=\u00e4\n".getBytes(StandardCharsets.ISO_8859_1);
    byte[] comment = "# \u00e4\n[S]\nA=1\n".getBytes(StandardCharsets.ISO_8859_1);

    assertEquals(1, reader().read(comment).size());
    assertEquals(List.of("A=\u00e4"), read("[S]\nA=\u00e4\n"));
    var refusal = assertThrows(UpdateException.Configuration.class, () -> reader().read(latin));

    assertEquals(Reason.DEFINITION_INVALID, refusal.reason());
    assertTrue(String.valueOf(refusal.getMessage()).contains(FILE + ":2:"), refusal.getMessage());
  }

  @Test
  void aLineHasAtMostOneMebibyte() throws Exception {
    String longest = "x".repeat(IniReader.LINE_BYTES_MAX - 2);

    assertEquals(List.of("A=" + longest), read("[S]\nA=" + longest + "\n"));
    assertThrows(UpdateException.Configuration.class, () -> read("[S]\nA=" + longest + "x\n"));
  }

  @Test
  void aJoinedLineHasAtMostOneMebibyte() throws Exception {
    String half = "x".repeat(IniReader.LINE_BYTES_MAX / 2 - 2);

    assertEquals(1, read("[S]\nA=" + half + "\\\n" + half + "\n").size());
    var refusal =
        assertThrows(
            UpdateException.Configuration.class,
            () -> read("[S]\nA=" + half + "\\\n" + half + "xx\n"));

    assertTrue(String.valueOf(refusal.getMessage()).contains(FILE + ":2:"), refusal.getMessage());
  }

  private List<String> read(String text) throws UpdateException {
    return reader().read(bytes(text)).stream().map(a -> a.key() + "=" + a.value()).toList();
  }

  private IniReader reader() {
    return new IniReader(FILE, Set.of("S"), warnings);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void assertWarning(int line, String part) {
    assertEquals(1, warnings.all().size(), warnings.all().toString());
    var warning = warnings.all().getFirst();
    assertEquals(FILE, warning.file());
    assertEquals(line, warning.line());
    assertTrue(warning.text().contains(part), warning.text());
  }
}
