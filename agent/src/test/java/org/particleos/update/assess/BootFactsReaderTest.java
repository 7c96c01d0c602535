package org.particleos.update.assess;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BootFactsReaderTest {
  private static final String VENDOR = "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

  @TempDir Path folder;

  private BootFacts read() {
    return BootFactsReader.read(Map.of(BootFactsReader.VARIABLE, folder.toString()));
  }

  private void variable(String name, byte[] value) throws IOException {
    Path variables = Files.createDirectories(folder.resolve("sys/firmware/efi/efivars"));
    Files.write(variables.resolve(name + VENDOR), value);
  }

  private void variable(String name, String value) throws IOException {
    byte[] text = (value + "\0").getBytes(StandardCharsets.UTF_16LE);
    var content = new byte[4 + text.length];
    content[0] = 6;
    System.arraycopy(text, 0, content, 4, text.length);
    variable(name, content);
  }

  private void commandLine(String text) throws IOException {
    Files.createDirectories(folder.resolve("proc"));
    Files.writeString(folder.resolve("proc/cmdline"), text);
  }

  @Test
  void whatTheLoaderLeftIsRead() throws Exception {
    variable("LoaderEntrySelected", "os_2.efi");
    variable("LoaderBootCountPath", "\\EFI\\Linux\\os_2+2-1.efi");
    variable("StubImageIdentifier", "\\EFI\\Linux\\os_2+2-1.efi");
    variable("LoaderInfo", "systemd-boot 257");
    commandLine("quiet  usrhash=ab\n");

    BootFacts facts = read();

    assertEquals(Optional.of("os_2.efi"), facts.entrySelected());
    assertEquals(Optional.of("\\EFI\\Linux\\os_2+2-1.efi"), facts.countPath());
    assertEquals(Optional.of("systemd-boot 257"), facts.loader());
    assertEquals(List.of("quiet", "usrhash=ab"), facts.commandLine());
    assertEquals(List.of(), facts.unknown());
  }

  @Test
  void withoutEfiThatIsSaidAndTheCommandLineIsLeft() throws Exception {
    commandLine("roothash=cd");

    BootFacts facts = read();

    assertEquals(List.of("roothash=cd"), facts.commandLine());
    assertEquals(1, facts.unknown().size(), facts.unknown()::toString);
    assertTrue(facts.unknown().getFirst().contains("EFI"), facts.unknown()::toString);
  }

  @Test
  void aLoaderThatSaysNothingIsToldOf() throws Exception {
    Files.createDirectories(folder.resolve("sys/firmware/efi/efivars"));
    commandLine("");

    assertEquals(List.of("the boot loader does not say which entry it started"), read().unknown());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 7})
  void aVariableOfAnImpossibleLengthIsMalformed(int length) throws Exception {
    variable("LoaderEntrySelected", new byte[length]);
    commandLine("");

    BootFacts facts = read();

    assertTrue(facts.entrySelected().isEmpty());
    assertTrue(facts.unknown().getFirst().contains("malformed"), facts.unknown()::toString);
  }

  @Test
  void aMachineWithoutProcSaysSo() {
    assertTrue(read().unknown().contains("the command line of the kernel cannot be read"));
  }
}
