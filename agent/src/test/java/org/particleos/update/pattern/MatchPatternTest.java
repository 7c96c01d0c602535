package org.particleos.update.pattern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.version.Version;

class MatchPatternTest {
  private static final UUID SOME_UUID = UUID.fromString("8b8186b1-2b4e-4eb6-ad39-8d4d18d2a8fb");
  private static final String DIGEST = "0123456789abcdef".repeat(4);

  /** transfer-files.md 9.9; "no", "descend", or the version. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          foo_@v.raw       | foo_1.2.raw     | 1.2
          foo_@v.raw       | foo_.raw        | no
          foo_@v.raw       | foo_1.raw.xz    | no
          foo_@v.raw       | foo_1.raw.raw   | no
          foo_@v_@u.raw    | foo_7_8b8186b12b4e4eb6ad398d4d18d2a8fb.raw   | 7
          foo_@v_@u.raw    | foo_7_1_8b8186b12b4e4eb6ad398d4d18d2a8fb.raw | no
          k_@v+@l-@d.efi   | k_5+3-0.efi     | 5
          k_@v+@l-@d.efi   | k_5+3.efi       | no
          k_@v+@l.efi      | k_5+3-0.efi     | no
          k_@v.efi         | k_5+3-0.efi     | 5+3-0
          a@@b_@v          | a@b_2           | 2
          d_@v/img.raw     | d_3             | descend
          d_@v/img.raw     | d_3/img.raw     | 3
          d_@v/img.raw     | d_3/other       | no
          d_@v/c/img.raw   | d_3/c           | descend
          **/x-@v.bin      | a/b/x-4.bin     | 4
          **/x-@v.bin      | x-4.bin         | 4
          **/x-@v.bin      | a/b/y-4.bin     | no
          x-@v-@m.bin      | x-1-4755.bin    | no
          x-@v-@m.bin      | x-1-0755.bin    | 1
          x-@v-@r.bin      | x-1-Yes.bin     | 1
          x-@v-@r.bin      | x-1-maybe.bin   | no
          os/foo_@v        | os              | descend
          os/foo_@v        | o               | no
          foo_@v           | foo_1/x         | no
          """)
  void workedExamplesOfTheSpecificationHold(String pattern, String string, String expected)
      throws Exception {
    String outcome =
        switch (parsed(pattern).match(string)) {
          case PatternMatch.No() -> "no";
          case PatternMatch.Descend() -> "descend";
          case PatternMatch.Match(var metadata) -> metadata.version().text();
        };

    assertEquals(expected, outcome);
  }

  @Test
  void everyWildcardCapturesItsField() throws Exception {
    var pattern = parsed("@v,@u,@f,@a,@g,@r,@t,@m,@s,@d,@l,@h");
    String name =
        "7,8b8186b1-2b4e-4eb6-ad39-8d4d18d2a8fb,0xF000000000000000,yes,OFF,1,1700000000000000,644,"
            + "4096,2,1,"
            + DIGEST;

    var fields = matched(pattern, name);

    assertEquals(
        InstanceMetadata.of(new Version("7"))
            .withPartitionUuid(SOME_UUID)
            .withPartitionFlags(0xF000000000000000L)
            .withNoAuto(true)
            .withGrowFileSystem(false)
            .withReadOnly(true)
            .withMtimeMicros(1_700_000_000_000_000L)
            .withMode(0644)
            .withSizeBytes(4096)
            .withTriesDone(2)
            .withTriesLeft(1)
            .withSha256(new Sha256(DIGEST)),
        fields);
  }

  @Test
  void everyFieldIsProducedInItsCanonicalSpelling() throws Exception {
    var pattern = parsed("@v,@u,@f,@a,@g,@r,@t,@m,@s,@d,@l,@h");
    var fields =
        InstanceMetadata.of(new Version("7"))
            .withPartitionUuid(SOME_UUID)
            .withPartitionFlags(0xF000000000000000L)
            .withNoAuto(true)
            .withGrowFileSystem(false)
            .withReadOnly(true)
            .withMtimeMicros(17)
            .withMode(04)
            .withSizeBytes(4096)
            .withTriesDone(2)
            .withTriesLeft(1)
            .withSha256(new Sha256(DIGEST));

    String name = pattern.format(fields);

    assertEquals(
        "7,8b8186b12b4e4eb6ad398d4d18d2a8fb,f000000000000000,1,0,1,17,004,4096,2,1," + DIGEST,
        name);
  }

  @Test
  void numbersOfBootAttemptsHaveDefaults() throws Exception {
    assertEquals(
        "k_5+3-0.efi", parsed("k_@v+@l-@d.efi").format(InstanceMetadata.of(new Version("5"))));
  }

  @ParameterizedTest
  @CsvSource({
    "@u,UUID",
    "@f,flags",
    "@a,no-auto",
    "@g,grow",
    "@r,read-only",
    "@t,time",
    "@m,mode",
    "@s,size",
    "@h,SHA-256"
  })
  void anUnsetFieldThatTheNameNeedsIsNamedInTheRefusal(String wildcard, String field)
      throws Exception {
    var pattern = parsed("foo_@v_" + wildcard + ".raw");

    var refusal =
        assertThrows(
            UpdateException.Configuration.class,
            () -> pattern.format(InstanceMetadata.of(new Version("5"))));

    assertEquals(Reason.NAME_NOT_FORMATTABLE, refusal.reason());
    assertTrue(String.valueOf(refusal.getMessage()).contains(field), refusal.getMessage());
  }

  @Test
  void aVersionCannotLeadOutOfTheTargetDirectory() throws Exception {
    var pattern = parsed("os/@v/img");

    assertEquals("os/...1/img", pattern.format(InstanceMetadata.of(new Version("...1"))));
    var refusal =
        assertThrows(
            UpdateException.Configuration.class,
            () -> pattern.format(InstanceMetadata.of(new Version(".."))));

    assertEquals(Reason.NAME_NOT_FORMATTABLE, refusal.reason());
  }

  /** D-06: decimal unless a prefix says otherwise. */
  @ParameterizedTest
  @CsvSource({
    "8,8",
    "08,8",
    "010,10",
    "0x10,16",
    "0o10,8",
    "0b11,3",
    "+4,4",
    "9223372036854775807,9223372036854775807"
  })
  void integersInNamesAreDecimalUnlessPrefixed(String text, long expected) throws Exception {
    assertEquals(expected, matched(parsed("x @v:@s"), "x 1:" + text).sizeBytes().orElseThrow());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "-1", "1x", "0x", "0o9", "9223372036854775808", "18446744073709551615", "٣"})
  void whatIsNoIntegerDoesNotMatch(String text) throws Exception {
    assertInstanceOf(PatternMatch.No.class, parsed("x @v:@s").match("x 1:" + text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"0002", "1755", "2755", "4755", "0776", "8", "-755", "77777777777777777777"})
  void aNameCannotAskForDangerousModes(String mode) throws Exception {
    assertInstanceOf(PatternMatch.No.class, parsed("x_@v:@m").match("x_1:" + mode));
    assertEquals(0775, matched(parsed("x_@v:@m"), "x_1:775").mode().orElseThrow());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          foo.raw      | @v
          ''           | @v
          x-@v@s.bin   | @v and @s
          @v-@v        | twice
          @v-@x        | wildcard
          foo_@v@      | single
          foo$_@v      | $
          f*_@v        | *
          foo?_@v      | ?
          foo[_@v      | [
          foo]_@v      | ]
          foo!_@v      | !
          foo\\_@v     | \\
          ä_@v         | not allowed
          /foo_@v      | component
          foo_@v/      | component
          a//foo_@v    | component
          ../foo_@v    | component
          **/a/foo_@v  | file name
          """)
  void whatIsNoPatternIsRefusedWithTheReason(String word, String why) {
    var refusal = assertThrows(InvalidPatternException.class, () -> MatchPattern.parse(word, true));

    assertTrue(refusal.why().contains(why), refusal.why());
  }

  @ParameterizedTest
  @ValueSource(strings = {"foo|_@v", "foo\t_@v", "foo\u007f_@v"})
  void pipesAndControlCharactersAreRefused(String word) {
    assertThrows(InvalidPatternException.class, () -> MatchPattern.parse(word, true));
  }

  @Test
  void theAnywherePrefixIsForSourcesOnly() throws Exception {
    assertTrue(MatchPattern.parse("**/x-@v", true).isAnywhere());
    assertThrows(InvalidPatternException.class, () -> MatchPattern.parse("**/x-@v", false));
  }

  @Test
  void theFileNameAfterTheAnywherePrefixHasAtMost255Bytes() throws Exception {
    MatchPattern.parse("**/" + "x".repeat(253) + "@v", true);

    assertThrows(
        InvalidPatternException.class,
        () -> MatchPattern.parse("**/" + "x".repeat(254) + "@v", true));
  }

  @Test
  void theFirstMatchingPatternOfAListGivesTheFields() throws Exception {
    var list = list("k_@v+@l-@d.efi", "k_@v+@l.efi", "k_@v.efi");

    var result = list.match("k_7+3-0.efi");

    assertEquals(
        InstanceMetadata.of(new Version("7")).withTriesLeft(3).withTriesDone(0),
        result.match().orElseThrow());
  }

  @Test
  void aListMayMatchAndDescendAtOnce() throws Exception {
    var list = list("d_@v", "d_@v/img");

    assertEquals(
        new PatternList.ListMatch(Optional.of(InstanceMetadata.of(new Version("1"))), true),
        list.match("d_1"));
    assertEquals(
        new PatternList.ListMatch(Optional.of(InstanceMetadata.of(new Version("1"))), false),
        list.match("d_1/img"));
    assertEquals(new PatternList.ListMatch(Optional.empty(), false), list.match("x"));
  }

  @Test
  void aTargetInheritsPatternsWithoutThePrefixAndWithoutDuplicates() throws Exception {
    var list = list("**/x-@v", "x-@v", "y-@v");

    assertTrue(list.anywhere());
    assertEquals("x-@v y-@v", list.withoutAnywhere().toString());
    assertEquals("x-@v", list.withoutAnywhere().first().text());
  }

  private static MatchPattern parsed(String word) throws InvalidPatternException {
    return MatchPattern.parse(word, true);
  }

  private static InstanceMetadata matched(MatchPattern pattern, String name) {
    return assertInstanceOf(PatternMatch.Match.class, pattern.match(name)).metadata();
  }

  private static PatternList list(String... words) throws InvalidPatternException {
    var patterns = new ArrayList<MatchPattern>();
    for (String word : List.of(words)) {
      patterns.add(parsed(word));
    }
    return new PatternList(patterns);
  }
}
