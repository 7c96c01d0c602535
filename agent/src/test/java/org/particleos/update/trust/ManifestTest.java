package org.particleos.update.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.Sha256;
import org.particleos.update.trust.Manifest.Entry;

class ManifestTest {
  private static final String ORIGIN = "https://example.org/SHA256SUMS";
  private static final String HEX = "0123456789abcdef".repeat(4);
  private static final Sha256 DIGEST = new Sha256(HEX);
  private static final String GOOD_LINE = HEX + " *good.efi\n";

  @Test
  void everyLineIsAnEntryInTheOrderOfTheFile() throws Exception {
    var text = HEX + " *b_2.efi\n" + HEX + "  a_1.efi\n";

    var entries = parse(text).entries();

    assertEquals(List.of(new Entry(DIGEST, "b_2.efi"), new Entry(DIGEST, "a_1.efi")), entries);
  }

  @Test
  void anEmptyManifestOffersNothing() throws Exception {
    assertEquals(List.of(), parse("").entries());
  }

  @Test
  void digitsMayBeOfEitherCase() throws Exception {
    var entries = parse(HEX.toUpperCase(Locale.ROOT) + " *a\n").entries();

    assertEquals(List.of(new Entry(DIGEST, "a")), entries);
  }

  @TestFactory
  Stream<DynamicTest> aHarmlessNameIsTakenAsItStands() {
    return Stream.of(
            "a",
            "dir/sub/file.raw.xz",
            "ParticleOS_42 (beta).efi",
            " leading space",
            "*star",
            "größer.efi",
            "..a",
            "a..",
            "...",
            ".hidden",
            "back\\slash",
            "x".repeat(Manifest.NAME_BYTES_MAX))
        .map(name ->
            dynamicTest(
                shortened(name),
                () ->
                    assertEquals(
                        List.of(new Entry(DIGEST, name)),
                        parse(HEX + " *" + name + "\n").entries())));
  }

  @TestFactory
  Stream<DynamicTest> aNameThatLeadsElsewhereIsRefused() {
    return Stream.of(
            "/etc/passwd",
            "..",
            "../a",
            "a/../b",
            "a/..",
            ".",
            "./a",
            "a/./b",
            "a//b",
            "a/",
            "/",
            "%2e%2e/a",
            "100%",
            "a\rb",
            "windows.efi\r",
            "a\tb",
            "a\u001bb",
            "a\u007fb",
            "a\u0085b",
            "x".repeat(Manifest.NAME_BYTES_MAX + 1))
        .map(name ->
            dynamicTest(
                shortened(name),
                () ->
                    assertRefused(
                        GOOD_LINE + HEX + " *" + name + "\n", "Invalid filename at line 2")));
  }

  private static String shortened(String name) {
    return name.length() > 40 ? name.length() + " times " + name.charAt(0) : name;
  }

  private record Malformed(String rule, String text, String message) {}

  @TestFactory
  Stream<DynamicTest> aLineThatBreaksTheGrammarRefusesTheManifest() {
    return Stream.of(
            new Malformed("NUL", GOOD_LINE + HEX + " *a\0b\n", "contains a NUL byte"),
            new Malformed("blank line at the end", GOOD_LINE + "\n", "line 2 is too short"),
            new Malformed("short line", GOOD_LINE + "abc *a\n", "line 2 is too short"),
            new Malformed(
                "blank line between",
                GOOD_LINE + "\n" + GOOD_LINE,
                "Manifest hash at line 2 decoded to 31 bytes"),
            new Malformed(
                "comment", "# made by hand\n" + GOOD_LINE, "digest at line 1 has a character"),
            new Malformed(
                "escaped name", "\\" + HEX + " *a\\nb\n", "line 1 has an escaped file name"),
            new Malformed(
                "letter in the digest",
                GOOD_LINE + "g" + HEX.substring(1) + " *a\n",
                "digest at line 2 has a character that is not hex"),
            new Malformed(
                "two tabs in the digest",
                HEX.substring(0, 60) + "\t\tab *a.efi\n",
                "Manifest hash at line 1 decoded to 31 bytes"),
            new Malformed(
                "digest of another kind",
                HEX.substring(0, 40) + "  a_rather_long_name_to_have_enough_bytes.efi\n",
                "digest at line 1 has a character that is not hex"),
            new Malformed("tab behind the digest", HEX + "\t*a\n", "line 1 has no space"),
            new Malformed("digest too long", HEX + "a *a\n", "line 1 has no space"),
            new Malformed("only one space", HEX + " a.efi\n", "line 1 has neither"),
            new Malformed("no LF at the end", GOOD_LINE + HEX + " *a.efi", "line 2, the last one"),
            new Malformed("empty name", HEX + " *\n", "line 1 has no file name"))
        .map(row -> dynamicTest(row.rule, () -> assertRefused(row.text, row.message)));
  }

  @Test
  void aFileThatIsNotUtf8IsRefusedWithThePlace() {
    var bytes = (GOOD_LINE + HEX + " *a?\n").getBytes(StandardCharsets.US_ASCII);
    int wrong = bytes.length - 2;
    bytes[wrong] = (byte) 0xff;

    var refusal = assertThrows(UpdateException.class, () -> Manifest.parse(bytes, ORIGIN));

    assertEquals(Reason.MANIFEST_MALFORMED, refusal.reason());
    assertEquals(
        "a malformed character at line 2, byte offset " + wrong, refusal.found().orElseThrow());
  }

  @Test
  void aManifestMayHaveAsManyLinesAsTheLimitAndNotOneMore() throws Exception {
    var most = GOOD_LINE.repeat(Manifest.LINES_MAX);

    assertEquals(Manifest.LINES_MAX, parse(most).entries().size());
    assertRefused(most + GOOD_LINE, "too many lines");
  }

  @Test
  void aManifestOf64MebibytesIsRefusedBeforeItIsRead() {
    var tooLong = new byte[Manifest.SIZE_BYTES_MAX + 1];

    var refusal = assertThrows(UpdateException.class, () -> Manifest.parse(tooLong, ORIGIN));

    assertTrue(String.valueOf(refusal.getMessage()).contains("too long"));
  }

  @Test
  void aRefusalQuotesTheNameSoThatItCannotForgeAMessage() {
    var refusal = assertThrows(UpdateException.class, () -> parse(HEX + " *a\u001b[2Jb\n"));

    assertEquals("\"a\\u{1b}[2Jb\"", refusal.found().orElseThrow());
  }

  private static Manifest parse(String text) throws UpdateException {
    return Manifest.parse(text.getBytes(StandardCharsets.UTF_8), ORIGIN);
  }

  private static void assertRefused(String text, String message) {
    var refusal = assertThrows(UpdateException.class, () -> parse(text));
    assertInstanceOf(UpdateException.NotTrusted.class, refusal);
    assertEquals(Reason.MANIFEST_MALFORMED, refusal.reason());
    assertTrue(String.valueOf(refusal.getMessage()).contains(message), () -> refusal.getMessage());
    assertTrue(refusal.found().isPresent());
  }
}
