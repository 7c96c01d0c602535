package org.particleos.update.loader;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.particleos.update.definition.Architecture;
import org.particleos.update.pe.PeMachine;

/** Which machine the firmware starts programs for. */
public final class FirmwareMachine {
  /** Some PCs of 64 bits have firmware of 32; the kernel says so here. */
  private static final Path PLATFORM_SIZE = Path.of("firmware/efi/fw_platform_size");

  private FirmwareMachine() {}

  /**
   * By the processor architecture, and by what the running kernel says about its firmware.
   *
   * @param sysfs of the running system; empty if another system is meant
   */
  public static Optional<PeMachine> of(Architecture architecture, Optional<Path> sysfs) {
    return switch (architecture) {
      case X86_64 ->
          Optional.of(
              sysfs.filter(FirmwareMachine::narrow).isPresent() ? PeMachine.IA32 : PeMachine.X64);
      case X86 -> Optional.of(PeMachine.IA32);
      case ARM64 -> Optional.of(PeMachine.AA64);
      case ARM -> Optional.of(PeMachine.ARM);
      case RISCV64 -> Optional.of(PeMachine.RISCV64);
      case LOONGARCH64 -> Optional.of(PeMachine.LOONGARCH64);
      case ALPHA,
          ARC,
          ARC_BE,
          ARM_BE,
          ARM64_BE,
          CRIS,
          IA64,
          M68K,
          MIPS,
          MIPS_LE,
          MIPS64,
          MIPS64_LE,
          NIOS2,
          PARISC,
          PARISC64,
          PPC,
          PPC_LE,
          PPC64,
          PPC64_LE,
          RISCV32,
          S390,
          S390X,
          SH,
          SH64,
          SPARC,
          SPARC64,
          TILEGX ->
          Optional.empty();
    };
  }

  private static boolean narrow(Path sysfs) {
    try {
      return Files.readString(sysfs.resolve(PLATFORM_SIZE)).strip().equals("32");
    } catch (IOException _) {
      return false; // not started by UEFI
    }
  }
}
