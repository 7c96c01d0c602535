package org.particleos.update.pe;

import java.util.Optional;

/**
 * The machines that have UEFI firmware, by the number in the COFF header and by the suffix that
 * firmware and boot loaders put into file names (UEFI specification, 3.5.1.1).
 */
public enum PeMachine {
  IA32(0x014c, "ia32", false),
  X64(0x8664, "x64", true),
  /** Mixed ARM and Thumb, which is what the UEFI specification asks for. */
  ARM(0x01c2, "arm", false),
  AA64(0xaa64, "aa64", true),
  RISCV64(0x5064, "riscv64", true),
  LOONGARCH64(0x6264, "loongarch64", true);

  private final int number;
  private final String suffix;
  private final boolean wide;

  PeMachine(int number, String suffix, boolean wide) {
    this.number = number;
    this.suffix = suffix;
    this.wide = wide;
  }

  /** What stands in file names, such as {@code x64} in {@code BOOTX64.EFI}, in small letters. */
  public String suffix() {
    return suffix;
  }

  /** Whether its images are PE32+, with addresses of 64 bits. */
  public boolean wide() {
    return wide;
  }

  static Optional<PeMachine> ofNumber(int number) {
    for (PeMachine machine : values()) {
      if (machine.number == number) {
        return Optional.of(machine);
      }
    }
    return Optional.empty();
  }
}
