package org.particleos.update.definition;

import java.util.Optional;

/** What a condition asks about (transfer-files.md 18.2). */
public enum ConditionKind {
  ARCHITECTURE("Architecture"),
  FIRMWARE("Firmware"),
  VIRTUALIZATION("Virtualization"),
  HOST("Host"),
  FRACTION("Fraction"),
  KERNEL_COMMAND_LINE("KernelCommandLine"),
  VERSION("Version"),
  CREDENTIAL("Credential"),
  SECURITY("Security"),
  OS_RELEASE("OSRelease"),
  MACHINE_TAG("MachineTag");

  private final String key;

  ConditionKind(String name) {
    this.key = "SuggestOn" + name;
  }

  /** As in a definition file, such as {@code SuggestOnHost}. */
  public String key() {
    return key;
  }

  static Optional<ConditionKind> ofKey(String key) {
    for (ConditionKind kind : values()) {
      if (kind.key.equals(key)) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }
}
