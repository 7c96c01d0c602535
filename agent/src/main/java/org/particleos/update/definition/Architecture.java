package org.particleos.update.definition;

import java.nio.ByteOrder;
import java.util.Locale;
import java.util.Optional;

/** Processor architectures by the identifiers of {@code %a} (transfer-files.md 4.1). */
public enum Architecture {
  ALPHA,
  ARC,
  ARC_BE,
  ARM,
  ARM_BE,
  ARM64,
  ARM64_BE,
  CRIS,
  IA64,
  LOONGARCH64,
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
  RISCV64,
  S390,
  S390X,
  SH,
  SH64,
  SPARC,
  SPARC64,
  TILEGX,
  X86,
  X86_64;

  /** The identifier, such as {@code x86-64}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** From an identifier or one of its aliases (transfer-files.md 15). */
  public static Optional<Architecture> parse(String text) {
    String identifier =
        switch (text) {
          case "armv7l" -> "arm";
          case "aarch64" -> "arm64";
          case "loong64" -> "loongarch64";
          case "mipsel" -> "mips-le";
          case "mips64el" -> "mips64-le";
          case "hppa" -> "parisc";
          case "ppc64le", "ppc64el" -> "ppc64-le";
          case "i386", "i486", "i586", "i686" -> "x86";
          case "x86_64", "amd64" -> "x86-64";
          default -> text;
        };
    for (Architecture architecture : values()) {
      if (architecture.text().equals(identifier)) {
        return Optional.of(architecture);
      }
    }
    return Optional.empty();
  }

  /**
   * From what the kernel calls the machine.
   *
   * @param order of the running kernel, where the name of the machine leaves it open
   */
  public static Optional<Architecture> ofMachine(String machine, ByteOrder order) {
    boolean little = order == ByteOrder.LITTLE_ENDIAN;
    return switch (machine) {
      case "mips" -> Optional.of(little ? MIPS_LE : MIPS);
      case "mips64" -> Optional.of(little ? MIPS64_LE : MIPS64);
      case "aarch64_be" -> Optional.of(ARM64_BE);
      case "arceb" -> Optional.of(ARC_BE);
      case "ppcle" -> Optional.of(PPC_LE);
      case "crisv32" -> Optional.of(CRIS);
      case "sh5" -> Optional.of(SH64);
      case "sh2", "sh2a", "sh3", "sh4", "sh4a" -> Optional.of(SH);
      default -> {
        if (machine.startsWith("armv")) {
          // armv8l is a 64-bit processor in a 32-bit personality.
          yield Optional.of(machine.endsWith("b") ? ARM_BE : ARM);
        }
        yield parse(machine);
      }
    };
  }

  /** The 32-bit companion that {@code -secondary} partition types belong to. */
  Optional<Architecture> secondary() {
    return switch (this) {
      case X86_64 -> Optional.of(X86);
      case ARM64 -> Optional.of(ARM);
      default -> Optional.empty();
    };
  }

  @Override
  public String toString() {
    return text();
  }
}
