package org.particleos.update.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.pe.PeBytes;
import org.particleos.update.pe.PeMachine;

class EfiProgramTest {
  @TempDir Path folder;

  private EfiProgram read(byte[] bytes) throws Exception {
    Path path = Files.write(folder.resolve("program.efi"), bytes);
    try (var file = new LinuxKernel().open(path, Set.of(OpenFlag.READ))) {
      return EfiProgram.read(file);
    }
  }

  private static PeBytes kernel() {
    return PeBytes.application().with(".linux", "kernel");
  }

  @Test
  void aKernelFileTellsWhatItStarts() throws Exception {
    var program =
        read(
            kernel()
                .with(".osrel", "# of test\nID=test\nNAME=\"A Test\"\nIMAGE_VERSION='7'\n\0")
                .with(".cmdline", "ro quiet\n\0")
                .with(".uname", "6.12.1\n")
                .bytes());

    assertEquals(EfiProgram.Kind.KERNEL, program.kind());
    assertEquals(PeMachine.X64, program.machine());
    assertEquals(List.of("ro quiet\n"), program.commandLines());
    assertEquals(Optional.of("6.12.1"), program.kernelRelease());
    assertEquals(
        Optional.of(Map.of("ID", "test", "NAME", "A Test", "IMAGE_VERSION", "7")),
        program.osRelease());
  }

  @Test
  void whatHasNoKernelButSomethingToAddIsAnAddOn() throws Exception {
    assertEquals(
        EfiProgram.Kind.ADD_ON, read(PeBytes.application().with(".ucode", "code").bytes()).kind());
    assertEquals(
        EfiProgram.Kind.OTHER,
        read(PeBytes.application().with(".sdmagic", "loader").bytes()).kind());
  }

  @Test
  void optionsAreFoundOnTheCommandLinesOfAllProfiles() throws Exception {
    var program =
        read(
            kernel()
                .with(".cmdline", "a=1 b=\"x y\" ax=2\ta=3")
                .with(".profile", "ID=other")
                .with(".cmdline", "\"a=4 5\" a")
                .bytes());

    assertEquals(List.of("1", "3", "4 5"), program.options("a"));
    assertEquals(List.of("x y"), program.options("b"));
    assertEquals(List.of(), program.options("c"));
  }

  @Test
  void aKernelFileHasAKernelAndIsAnApplication() throws Exception {
    assertTrue(
        assertThrows(
                NotBootableException.class,
                () -> read(PeBytes.application().with(".linux", "").bytes()))
            .clause()
            .contains("empty section .linux"));
    var driver = kernel().buffer();
    driver.putShort(PeBytes.OPTIONAL + 68, (short) 11);
    assertTrue(
        assertThrows(NotBootableException.class, () -> read(PeBytes.bytes(driver)))
            .clause()
            .contains("subsystem 11"));
  }

  @Test
  void aCommandLineWithoutEndIsRefused() {
    assertThrows(
        NotBootableException.class,
        () -> read(kernel().with(".cmdline", new byte[(1 << 16) + 1]).bytes()));
  }

  @Test
  void whatIsNoPeFileIsRefused() {
    assertThrows(NotBootableException.class, () -> read(new byte[1000]));
  }
}
