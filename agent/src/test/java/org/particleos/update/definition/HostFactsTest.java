package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostFactsTest {
  private static final String ID = "00112233445566778899aabbccddeeff";

  @TempDir private Path machine;

  @ParameterizedTest
  @CsvSource({
    "%a, arm64",
    "%A, 42",
    "%b, 11112222333344445555666677778888",
    "%B, b7",
    "%H, box.example.org",
    "%l, box",
    "%q, The Box",
    "%m, 00112233445566778899aabbccddeeff",
    "%M, ParticleOS",
    "%o, fedora",
    "%v, 6.17.1-300",
    "%w, 43",
    "%W, desk",
    "%%, %",
    "a%%b%%, a%b%",
    "x%, x%",
    "x%-y, x%-y",
    "os_%o_%w, os_fedora_43",
  })
  void everySpecifierHasItsSource(String text, String expected) throws Exception {
    machineHasEverything();
    var specifiers = new Specifiers(HostFacts.read(machine, Map.of(), machine));

    assertEquals(expected, specifiers.expand(text, Specifiers.UNLIMITED));
  }

  @ParameterizedTest
  @ValueSource(strings = {"%x", "%0", "a%Zb", "%3A"})
  void anUnknownLetterOrDigitIsNoSpecifier(String text) throws Exception {
    machineHasEverything();
    var specifiers = new Specifiers(HostFacts.read(machine, Map.of(), machine));

    assertThrows(SpecifierException.class, () -> specifiers.expand(text, Specifiers.UNLIMITED));
  }

  @Test
  void aFieldThatOsReleaseLacksIsEmptyButAMissingFileIsAnError() throws Exception {
    var none = new Specifiers(HostFacts.read(machine, Map.of(), machine));
    assertThrows(SpecifierException.class, () -> none.expand("%A", 255));

    write("etc/os-release", "ID=debian\n");
    var some = new Specifiers(HostFacts.read(machine, Map.of(), machine));

    assertEquals("", some.expand("%A", 255));
    assertEquals("debian", some.expand("%o", 255));
  }

  @Test
  void theVendorFileIsUsedWhereEtcHasNone() throws Exception {
    write("usr/lib/os-release", "ID=vendor\n");
    assertEquals(Optional.of("vendor"), HostFacts.read(machine, Map.of(), machine).field("ID"));

    write("etc/os-release", "ID=local\n");
    assertEquals(Optional.of("local"), HostFacts.read(machine, Map.of(), machine).field("ID"));
  }

  @Test
  void theEnvironmentNamesAnotherOsRelease() throws Exception {
    write("etc/os-release", "IMAGE_VERSION=1\n");
    write("other", "IMAGE_VERSION=2\n");
    var environment = Map.of("SYSTEMD_OS_RELEASE", machine.resolve("other").toString());

    assertEquals(Optional.of("2"), HostFacts.read(machine, environment, machine).imageVersion());
    assertEquals(Optional.of("1"), HostFacts.read(machine, Map.of(), machine).imageVersion());
  }

  @Test
  void anOsReleaseLinkDoesNotLeadOutOfTheRoot() throws Exception {
    Path root = machine.resolve("image");
    write("usr/lib/os-release", "ID=host\n");
    write("image/usr/lib/os-release", "ID=image\n");
    Files.createDirectories(root.resolve("etc"));
    Files.createSymbolicLink(
        root.resolve("etc/os-release"), Path.of("../../../../usr/lib/os-release"));

    assertEquals(Optional.of("image"), HostFacts.read(root, Map.of(), machine).field("ID"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"uninitialized", "", "123", "00112233445566778899AABBCCDDEEFF"})
  void aMalformedMachineIdIsUnknown(String content) throws Exception {
    write("etc/machine-id", content + "\n");
    var facts = HostFacts.read(machine, Map.of(), machine);

    assertThrows(SpecifierException.class, () -> facts.expand('m'));
  }

  @Test
  void theNameWithoutPrettinessIsTheShortOne() throws Exception {
    write("proc/sys/kernel/hostname", "box.example.org\n");

    assertEquals("box", HostFacts.read(machine, Map.of(), machine).expand('q'));
  }

  @Test
  void temporaryDirectoriesComeFromTheEnvironmentUnlessARootIsSet() throws Exception {
    var environment = Map.of("TMPDIR", "relative", "TEMP", "/nonexistent", "TMP", "" + machine);

    var running = HostFacts.read(machine, environment, machine);
    var rooted = HostFacts.read(machine.resolve("image"), environment, machine);

    assertEquals(machine.toString(), running.expand('T'));
    assertEquals(machine.toString(), running.expand('V'));
    assertEquals("/tmp", rooted.expand('T'));
    assertEquals("/var/tmp", rooted.expand('V'));
  }

  @Test
  void theRunningMachineHasAnArchitectureAndAKernelRelease() throws Exception {
    var facts = HostFacts.read(Path.of("/"), Map.of());

    assertTrue(facts.architecture().isPresent());
    assertTrue(facts.kernelRelease().isPresent());
  }

  @ParameterizedTest
  @CsvSource({
    "x86_64, x86-64",
    "i686, x86",
    "aarch64, arm64",
    "aarch64_be, arm64-be",
    "armv7l, arm",
    "armv6b, arm-be",
    "ppc64le, ppc64-le",
    "mips64, mips64-le",
    "riscv64, riscv64",
    "s390x, s390x",
    "loongarch64, loongarch64",
    "parisc64, parisc64",
  })
  void theKernelsNameOfTheMachineGivesTheArchitecture(String machineName, String expected) {
    assertEquals(
        expected,
        Architecture.ofMachine(machineName, ByteOrder.LITTLE_ENDIAN).orElseThrow().text());
  }

  @Test
  void anUnknownMachineHasNoArchitecture() {
    assertTrue(Architecture.ofMachine("vax", ByteOrder.LITTLE_ENDIAN).isEmpty());
    assertEquals(
        Optional.of(Architecture.MIPS64), Architecture.ofMachine("mips64", ByteOrder.BIG_ENDIAN));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          A=b            | b
          A="b c"        | b c
          A='b \\ "c'    | b \\ "c
          A="b \\"c\\" $"| b "c" $
          A="b\\nc"      | b\\nc
          A=b\\ c        | b c
          """)
  void osReleaseIsQuotedAsInAShell(String line, String expected) {
    assertEquals(expected, EnvironmentFile.parse(line).get("A"));
  }

  @Test
  void linesThatAreNoAssignmentAreSkipped() {
    assertEquals(Map.of("A", "2"), EnvironmentFile.parse("# A=0\nrubbish\n\nA=1\n1A=x\nA=2\n"));
  }

  private void machineHasEverything() throws IOException {
    write(
        "etc/os-release",
        """
        ID=fedora
        VERSION_ID=43
        VARIANT_ID="desk"
        BUILD_ID=b7
        IMAGE_ID='ParticleOS'
        IMAGE_VERSION=42
        """);
    write("etc/machine-id", ID + "\n");
    write("etc/machine-info", "PRETTY_HOSTNAME=\"The Box\"\n");
    write("proc/sys/kernel/arch", "aarch64\n");
    write("proc/sys/kernel/osrelease", "6.17.1-300\n");
    write("proc/sys/kernel/hostname", "box.example.org\n");
    write("proc/sys/kernel/random/boot_id", "11112222-3333-4444-5555-666677778888\n");
  }

  private void write(String inside, String content) throws IOException {
    Files.createDirectories(machine.resolve(inside).getParent());
    Files.writeString(machine.resolve(inside), content);
  }
}
