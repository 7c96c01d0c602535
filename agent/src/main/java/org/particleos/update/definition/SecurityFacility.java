package org.particleos.update.definition;

import org.particleos.update.pattern.FieldText;

/** {@code SuggestOnSecurity=} (transfer-files.md 18.2), by what the kernel shows in files. */
final class SecurityFacility {
  /** Vendor UUID of the variables that the firmware defines. */
  private static final String EFI_GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c";

  /** Vendor UUID of the Boot Loader Interface. */
  private static final String BOOT_LOADER = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

  private SecurityFacility() {}

  static boolean isActive(String name, ConditionFacts facts) {
    return switch (name) {
      case "selinux" -> facts.exists("sys/fs/selinux/enforce");
      case "smack" -> facts.exists("sys/fs/smackfs");
      case "apparmor" ->
          facts
              .text("sys/module/apparmor/parameters/enabled")
              .map(text -> text.startsWith("Y"))
              .orElse(false);
      case "audit" -> isAudited(facts);
      case "ima" -> facts.exists("sys/kernel/security/ima");
      case "tomoyo" -> facts.exists("sys/kernel/security/tomoyo/version");
      case "uefi-secureboot" ->
          facts
              .efiVariable("SecureBoot-" + EFI_GLOBAL)
              .map(value -> value.length == 1 && value[0] == 1)
              .orElse(false);
      case "tpm2" -> hasTpm2(facts);
      case "cvm" -> isConfidential(facts);
      case "measured-uki" -> isMeasured(facts);
      case "measured-os" ->
          facts.kernelCommandLine().stream()
              .filter(word -> word.startsWith("systemd.tpm2_measured_os="))
              .reduce((_, last) -> last)
              .flatMap(word -> FieldText.bool(word.substring(word.indexOf('=') + 1)))
              .orElseGet(() -> isMeasured(facts));
      default -> false;
    };
  }

  /** The kernel can audit, and was not told not to. */
  private static boolean isAudited(ConditionFacts facts) {
    return facts.exists("proc/self/loginuid")
        && facts.kernelCommandLine().stream()
            .noneMatch(word -> word.equals("audit=0") || word.equals("audit=off"));
  }

  /** Only chips of the second generation have a resource manager. */
  private static boolean hasTpm2(ConditionFacts facts) {
    return !facts.names("sys/class/tpmrm").isEmpty()
        || facts.names("sys/class/tpm").stream()
            .anyMatch(tpm ->
                facts
                    .line("sys/class/tpm/" + tpm + "/tpm_version_major")
                    .filter("2"::equals)
                    .isPresent());
  }

  /** A guest whose memory its host cannot read: Intel TDX, AMD SEV-SNP, Arm CCA, IBM Z. */
  private static boolean isConfidential(ConditionFacts facts) {
    return facts.exists("sys/devices/virtual/misc/tdx_guest")
        || facts.exists("sys/devices/virtual/misc/sev-guest")
        || facts.exists("sys/devices/platform/sev-guest")
        || facts.exists("sys/devices/platform/arm-cca-dev")
        || facts.line("sys/firmware/uv/prot_virt_guest").filter("1"::equals).isPresent();
  }

  /** The boot stub says into which register it measured the image that it is part of. */
  private static boolean isMeasured(ConditionFacts facts) {
    return facts.efiVariable("StubPcrKernelImage-" + BOOT_LOADER).isPresent();
  }
}
