package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.definition.Suggestion.Verdict;

/** transfer-files.md 18.2, 18.3: every kind of condition on made-up machines. */
class ConditionTest {
  private static final String BOOT_LOADER = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

  @TempDir private Path directory;
  private AMachine machine = new AMachine(Path.of("/nonexistent"));

  @BeforeEach
  void anEmptyMachine() {
    machine = new AMachine(directory);
  }

  @ParameterizedTest
  @CsvSource({
    "x86-64, true",
    "native, true",
    "arm64, false",
    "x86, false",
    "x86_64, false",
    "amd64, false",
    "quantum, false",
    "'', false",
  })
  void theArchitectureIsTheOneThatRuns(String parameter, boolean expected) throws Exception {
    machine.identified();

    assertHolds(expected, ConditionKind.ARCHITECTURE, parameter);
  }

  @Test
  void aProgramForAnotherArchitectureIsNotNative() throws Exception {
    machine.identified().file("proc/sys/kernel/arch", "aarch64\n");

    assertHolds(false, ConditionKind.ARCHITECTURE, "native");
    assertHolds(true, ConditionKind.ARCHITECTURE, "arm64");
  }

  // Firmware.

  @Test
  void theFirmwareIsTheOneThatBooted() throws Exception {
    assertHolds(false, ConditionKind.FIRMWARE, "uefi");
    assertHolds(false, ConditionKind.FIRMWARE, "device-tree");

    machine.file("sys/firmware/efi/fw_platform_size", "64\n");
    machine.file("sys/firmware/devicetree/base/model", "x");

    assertHolds(true, ConditionKind.FIRMWARE, "uefi");
    assertHolds(true, ConditionKind.FIRMWARE, "device-tree");
  }

  @ParameterizedTest
  @CsvSource({
    "'device-tree-compatible(vendor,board)', true",
    "'device-tree-compatible(vendor,soc)', true",
    "device-tree-compatible(vendor), false",
    "device-tree-compatible(), false",
    "'device-tree-compatible(vendor,board', false",
    "device-tree-compatible, false",
    "bios, false",
  })
  void aBoardIsNamedByItsDeviceTree(String parameter, boolean expected) throws Exception {
    machine.file("proc/device-tree/compatible", "vendor,board\0vendor,soc\0");

    assertHolds(expected, ConditionKind.FIRMWARE, parameter);
  }

  @ParameterizedTest
  @CsvSource({
    "smbios-field(board_name = MyBoard 3), true",
    "smbios-field(board_name=MyBoard 3), true",
    "smbios-field(board_name = \"MyBoard 3\"), true",
    "smbios-field(board_name = MyBoard), false",
    "smbios-field(board_name != MyBoard), true",
    "smbios-field(board_name $= My*), true",
    "smbios-field(board_name !$= My*), false",
    "smbios-field(bios_version >= 1.9), true",
    "smbios-field(bios_version < 1.10), false",
    "smbios-field(bios_version == 1.10), true",
    "smbios-field(chassis_tag != x), false",
  })
  void aFieldOfTheFirmwareIsCompared(String parameter, boolean expected) throws Exception {
    machine.dmi("board_name", "MyBoard 3").dmi("bios_version", "1.10");

    assertHolds(expected, ConditionKind.FIRMWARE, parameter);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "smbios-field",
        "smbios-field()",
        "smbios-field(board_name)",
        "smbios-field(board_name = x",
        "smbios-field(= x)",
        "smbios-field(../secret = x)",
        "smbios-field(board_name = \"x)",
      })
  void aMalformedComparisonIsUndetermined(String parameter) {
    assertMalformed(ConditionKind.FIRMWARE, parameter);
  }

  // Virtualization.

  @Nested
  class VirtualizationOf {
    @BeforeEach
    void bareMetal() throws IOException {
      machine.identified();
    }

    @ParameterizedTest
    @CsvSource({"no, true", "0, true", "yes, false", "vm, false", "container, false", "kvm, false"})
    void hardwareIsNone(String parameter, boolean expected) throws Exception {
      // Firmware of that vendor on a whole machine.
      machine.dmi("sys_vendor", "Amazon EC2");

      assertHolds(expected, ConditionKind.VIRTUALIZATION, parameter);
    }

    @ParameterizedTest
    @CsvSource({
      "QEMU, qemu",
      "KVM, kvm",
      "OpenStack Foundation, kvm",
      "Amazon EC2, amazon",
      "'VMware, Inc.', vmware",
      "innotek GmbH, oracle",
      "Xen, xen",
      "Bochs, bochs",
      "Parallels Software, parallels",
      "BHYVE, bhyve",
      "Hyper-V, microsoft",
      "Apple Virtualization Generic Platform, apple",
      "Google Compute Engine, google",
      "Somebody, vm-other",
    })
    void aVirtualMachineIsKnownByItsFirmware(String vendor, String id) throws Exception {
      machine
          .file("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor lahf_lm\n")
          .dmi("sys_vendor", vendor);

      assertHolds(true, ConditionKind.VIRTUALIZATION, id);
      assertHolds(true, ConditionKind.VIRTUALIZATION, "vm");
      assertHolds(true, ConditionKind.VIRTUALIZATION, "yes");
      assertHolds(false, ConditionKind.VIRTUALIZATION, "container");
      assertHolds(false, ConditionKind.VIRTUALIZATION, "no");
      assertHolds(false, ConditionKind.VIRTUALIZATION, "nonsense");
    }

    @Test
    void theClockTellsAcceleratedQemuFromSlowOne() throws Exception {
      machine
          .file("proc/cpuinfo", "processor\t: 0\nflags\t\t: hypervisor\n")
          .dmi("sys_vendor", "QEMU")
          .file(
              "sys/devices/system/clocksource/clocksource0/available_clocksource",
              "kvm-clock tsc acpi_pm\n");

      assertHolds(true, ConditionKind.VIRTUALIZATION, "kvm");
      assertHolds(false, ConditionKind.VIRTUALIZATION, "qemu");
    }

    @ParameterizedTest
    @CsvSource({
      "sys/hypervisor/type, xen, xen",
      "proc/device-tree/hypervisor/compatible, 'linux,kvm', kvm",
      "proc/device-tree/fw-cfg@9020000/x, x, qemu",
      "proc/sysinfo, 'VM00 Control Program: z/VM 7.1', zvm",
      "proc/sysinfo, 'VM00 Control Program: KVM/Linux', kvm",
      "proc/cpuinfo, 'vendor_id : User Mode Linux', uml",
    })
    void otherMachinesAreKnownByOtherFiles(String file, String content, String id)
        throws Exception {
      machine.file(file, content + "\n");

      assertHolds(true, ConditionKind.VIRTUALIZATION, id);
    }

    @Test
    void thePrivilegedDomainOfXenIsHardware() throws Exception {
      machine.file("sys/hypervisor/type", "xen\n").file("proc/xen/capabilities", "control_d\n");

      assertHolds(true, ConditionKind.VIRTUALIZATION, "no");
    }

    @ParameterizedTest
    @CsvSource({
      "run/host/container-manager, systemd-nspawn, systemd-nspawn",
      "run/systemd/container, lxc, lxc",
      "run/systemd/container, something, container-other",
      "run/.containerenv, engine=x, podman",
      ".dockerenv, '', docker",
      "proc/vz/x, '', openvz",
      "proc/sys/kernel/osrelease, 5.15.90.1-microsoft-standard-WSL2, wsl",
    })
    void aContainerIsKnownByWhatItsManagerLeaves(String file, String content, String id)
        throws Exception {
      machine
          .file(file, content + "\n")
          // It may run in a virtual machine, which does not count.
          .file("proc/cpuinfo", "processor\t: 0\nflags\t\t: hypervisor\n");

      assertHolds(true, ConditionKind.VIRTUALIZATION, id);
      assertHolds(true, ConditionKind.VIRTUALIZATION, "container");
      assertHolds(false, ConditionKind.VIRTUALIZATION, "vm");
    }

    @Test
    void theFirstProcessIsAskedForTheContainer() throws Exception {
      machine.file("proc/1/environ", "TERM=linux\0container=oci\0");
      assertHolds(true, ConditionKind.VIRTUALIZATION, "container-other");

      machine.file(".dockerenv", "");
      assertHolds(true, ConditionKind.VIRTUALIZATION, "docker");
    }

    @ParameterizedTest
    @CsvSource({"0 0 4294967295, false", "0 100000 65536, true", "0 0 1000, true"})
    void usersArePrivateUnlessEveryOneIsMappedToHimself(String map, boolean expected)
        throws Exception {
      machine.file("proc/self/uid_map", map + "\n");

      assertHolds(expected, ConditionKind.VIRTUALIZATION, "private-users");
    }
  }

  // Host.

  @ParameterizedTest
  @CsvSource({
    "box-7.example.org, true",
    "BOX-?.*, true",
    "box-7, false",
    "00112233445566778899aabbccddeeff, true",
    "00112233-4455-6677-8899-aabbccddeeff, true",
    "11112222333344445555666677778888, true",
    "99999999-9999-9999-9999-999999999999, true",
    "22222222-2222-2222-2222-222222222222, false",
  })
  void aHostIsNamedByGlobOrByAnyOfItsIds(String parameter, boolean expected) throws Exception {
    machine.identified().dmi("product_uuid", "99999999-9999-9999-9999-999999999999");

    assertHolds(expected, ConditionKind.HOST, parameter);
  }

  @Test
  void aHostWithoutNameIsUndeterminedByGlobButNotById() {
    assertInstanceOf(Verdict.Undetermined.class, verdict(ConditionKind.HOST, "*"));
    assertHolds(false, ConditionKind.HOST, AMachine.ID);
  }

  // Fraction. Computed independently: "" is at 65.792 %, "x" at 57.048 %, "rollout" at 54.314 %.

  @ParameterizedTest
  @CsvSource({
    "65.79%, false",
    "65.80%, true",
    "x 57.04%, false",
    "x 57.05%, true",
    "rollout 54.31%, false",
    "rollout 54.32%, true",
    "'\"rollout\"   54.4%', true",
    "x 0%, false",
    "x 0.00%, false",
    "x 100%, true",
    "100.00%, true",
  })
  void aFractionTakesTheSameMachinesEveryTime(String parameter, boolean expected) throws Exception {
    machine.identified();

    assertHolds(expected, ConditionKind.FRACTION, parameter);
  }

  @Test
  void allAndNoneNeedNoMachineId() {
    assertHolds(true, ConditionKind.FRACTION, "x 100%");
    assertHolds(false, ConditionKind.FRACTION, "x 0%");
    assertInstanceOf(Verdict.Undetermined.class, verdict(ConditionKind.FRACTION, "x 50%"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "x", "x 10", "x 101%", "x 100.01%", "x -1%", "x 1.234%", "a b 10%", "x '10%"})
  void aMalformedFractionIsUndetermined(String parameter) throws Exception {
    machine.identified();

    assertMalformed(ConditionKind.FRACTION, parameter);
  }

  // Kernel.

  @ParameterizedTest
  @CsvSource({
    "quiet, true",
    "root, true",
    "root=/dev/vda2, true",
    "root=/dev/vda, false",
    "roo, false",
    "opt=two words, true",
    "flag, true",
    "flag=, true",
    "quiet=, false",
    "x, false",
  })
  void theKernelCommandLineHasWordsAndAssignments(String parameter, boolean expected)
      throws Exception {
    machine.identified();

    assertHolds(expected, ConditionKind.KERNEL_COMMAND_LINE, parameter);
  }

  @ParameterizedTest
  @CsvSource({
    "6.17.*, true",
    "kernel 6.17.*, true",
    ">=6.10, true",
    "'>= 6.10', true",
    "<6.2, false",
    ">=6.10 <7, true",
    ">=6.10 <6.17, false",
    "'kernel \">= 6.10\" < 7', true",
    "=6.17.1-300.fc43, true",
    "==6.17.1-300.fc43, true",
    "<>6.17, true",
    "$=6.1?.*, true",
    "systemd >=257, true",
    "systemd 257.*, true",
    "systemd !=257.7-1.fc43, false",
    "glibc >=2.41, true",
    "glibc 2.4?, true",
    "glibc <2.5, false",
  })
  void aVersionIsComparedByAllExpressions(String parameter, boolean expected) throws Exception {
    machine
        .identified()
        .file("usr/lib/systemd/libsystemd-shared-257.7-1.fc43.so", "")
        .bytes(
            "usr/lib64/libc.so.6",
            "\u007fELF\u00ff\0GNU C Library (GNU libc) stable release version 2.42.\nCopyright\0"
                .getBytes(StandardCharsets.ISO_8859_1));

    assertHolds(expected, ConditionKind.VERSION, parameter);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "systemd", "kernel >=", "'6"})
  void aVersionWithoutExpressionIsUndetermined(String parameter) throws Exception {
    machine.identified();

    assertMalformed(ConditionKind.VERSION, parameter);
  }

  @ParameterizedTest
  @ValueSource(strings = {"systemd >=1", "glibc >=1", "kernel >=1"})
  void anUnknownVersionIsUndetermined(String parameter) {
    var undetermined =
        assertInstanceOf(Verdict.Undetermined.class, verdict(ConditionKind.VERSION, parameter));

    assertEquals("No data available", undetermined.reason());
  }

  @Test
  void twoLibrariesOfTheServiceManagerLeaveItsVersionOpen() throws Exception {
    machine
        .file("usr/lib/systemd/libsystemd-shared-257.so", "")
        .file("usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-257.so", "");
    assertHolds(true, ConditionKind.VERSION, "systemd 257");

    machine.file("usr/lib/systemd/libsystemd-shared-258.so", "");
    assertInstanceOf(Verdict.Undetermined.class, verdict(ConditionKind.VERSION, "systemd 257"));
  }

  // Credentials, os-release, tags.

  @Test
  void aCredentialIsAFileOfOneOfTheTwoDirectories() throws Exception {
    machine.file("plain/a", "").file("encrypted/b", "").file("secret", "");
    assertHolds(false, ConditionKind.CREDENTIAL, "a");

    machine
        .with("CREDENTIALS_DIRECTORY", "plain")
        .with("ENCRYPTED_CREDENTIALS_DIRECTORY", "encrypted");

    assertHolds(true, ConditionKind.CREDENTIAL, "a");
    assertHolds(true, ConditionKind.CREDENTIAL, "b");
    assertHolds(false, ConditionKind.CREDENTIAL, "c");
    assertHolds(false, ConditionKind.CREDENTIAL, "../secret");
    assertHolds(false, ConditionKind.CREDENTIAL, "..");
    assertHolds(false, ConditionKind.CREDENTIAL, "");
    assertHolds(false, ConditionKind.CREDENTIAL, "a\0");
  }

  @ParameterizedTest
  @CsvSource({
    "ID=fedora, true",
    "ID=debian, false",
    "ID!=debian, true",
    "ID$=fed*, true",
    "VERSION_ID>=42, true",
    "VERSION_ID>=42 VERSION_ID<43, false",
    "ID=fedora VARIANT_ID=desk, true",
    "MISSING=, true",
    "MISSING=x, false",
    "MISSING!=x, true",
  })
  void fieldsOfTheHostsOsReleaseAreCompared(String parameter, boolean expected) throws Exception {
    machine.identified();

    assertHolds(expected, ConditionKind.OS_RELEASE, parameter);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "ID", "=fedora", "ID = fedora", "'ID=x"})
  void aMalformedFieldIsUndetermined(String parameter) throws Exception {
    machine.identified();

    assertMalformed(ConditionKind.OS_RELEASE, parameter);
  }

  @ParameterizedTest
  @CsvSource({
    "kiosk, true",
    "site=north, true",
    "site=*, true",
    "Kiosk, false",
    "-bad, false",
    "bad tag, false",
    "'', false",
  })
  void aTagOfTheMachineMatches(String parameter, boolean expected) throws Exception {
    machine.file("etc/machine-info", "TAGS=\"kiosk:-bad:bad tag::site=north:.x:=y\"\n");

    assertHolds(expected, ConditionKind.MACHINE_TAG, parameter);
  }

  @Test
  void aMachineWithoutTagsMatchesNone() {
    assertHolds(false, ConditionKind.MACHINE_TAG, "*");
  }

  // Security.

  @ParameterizedTest
  @CsvSource({
    "selinux, sys/fs/selinux/enforce, 0",
    "smack, sys/fs/smackfs/load2, ''",
    "apparmor, sys/module/apparmor/parameters/enabled, Y",
    "audit, proc/self/loginuid, 0",
    "ima, sys/kernel/security/ima/policy, ''",
    "tomoyo, sys/kernel/security/tomoyo/version, 2.6",
    "tpm2, sys/class/tpmrm/tpmrm0/dev, ''",
    "tpm2, sys/class/tpm/tpm0/tpm_version_major, 2",
    "cvm, sys/devices/virtual/misc/tdx_guest/dev, ''",
    "cvm, sys/devices/platform/sev-guest/x, ''",
    "cvm, sys/firmware/uv/prot_virt_guest, 1",
  })
  void aFacilityIsActiveWhenTheKernelShowsIt(String name, String file, String content)
      throws Exception {
    assertHolds(false, ConditionKind.SECURITY, name);

    machine.file(file, content + "\n");

    assertHolds(true, ConditionKind.SECURITY, name);
  }

  @ParameterizedTest
  @CsvSource({
    "apparmor, sys/module/apparmor/parameters/enabled, N",
    "tpm2, sys/class/tpm/tpm0/tpm_version_major, 1",
    "cvm, sys/firmware/uv/prot_virt_guest, 0",
    "unheard-of, etc/x, x",
  })
  void aFacilityThatIsOffIsNotActive(String name, String file, String content) throws Exception {
    machine.file(file, content + "\n");

    assertHolds(false, ConditionKind.SECURITY, name);
  }

  @Test
  void auditingCanBeSwitchedOffOnTheKernelCommandLine() throws Exception {
    machine.file("proc/self/loginuid", "0").file("proc/cmdline", "quiet audit=0\n");

    assertHolds(false, ConditionKind.SECURITY, "audit");
  }

  @ParameterizedTest
  @CsvSource({"1, true", "0, false"})
  void secureBootIsWhatTheFirmwareSays(int value, boolean expected) throws Exception {
    machine.efiVariable("SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", value);

    assertHolds(expected, ConditionKind.SECURITY, "uefi-secureboot");
  }

  @Test
  void aMeasuredImageIsToldByItsStubAndTheCommandLineDecidesForTheRest() throws Exception {
    assertHolds(false, ConditionKind.SECURITY, "measured-uki");
    assertHolds(false, ConditionKind.SECURITY, "measured-os");

    machine.efiVariable("StubPcrKernelImage-" + BOOT_LOADER, '1', 0, '1', 0);
    assertHolds(true, ConditionKind.SECURITY, "measured-uki");
    assertHolds(true, ConditionKind.SECURITY, "measured-os");

    machine.file("proc/cmdline", "systemd.tpm2_measured_os=no\n");
    assertHolds(true, ConditionKind.SECURITY, "measured-uki");
    assertHolds(false, ConditionKind.SECURITY, "measured-os");
  }

  // All kinds.

  @Test
  void aNegatedConditionHoldsWhereTheOtherDoesNot() {
    var condition = new Condition(ConditionKind.SECURITY, false, true, "selinux");

    assertEquals(new Verdict.Known(true), condition.evaluate(machine.facts()));
  }

  @Test
  void theRunningMachineAnswersEveryKindOfQuestion() {
    var facts = ConditionFacts.ofHost(Map.of());

    for (ConditionKind kind : ConditionKind.values()) {
      var verdict = new Condition(kind, false, false, "x").evaluate(facts);

      assertTrue(
          verdict.equals(new Verdict.Known(false)) || verdict instanceof Verdict.Undetermined,
          kind + ": " + verdict);
    }
    assertEquals(Optional.of(true), facts.glibcVersion().map(text -> text.startsWith("2.")));
  }

  private Verdict verdict(ConditionKind kind, String parameter) {
    return new Condition(kind, false, false, parameter).evaluate(machine.facts());
  }

  private void assertHolds(boolean expected, ConditionKind kind, String parameter) {
    assertEquals(new Verdict.Known(expected), verdict(kind, parameter), kind + " " + parameter);
  }

  private void assertMalformed(ConditionKind kind, String parameter) {
    var undetermined = assertInstanceOf(Verdict.Undetermined.class, verdict(kind, parameter));

    assertEquals("Invalid argument", undetermined.reason());
    assertTrue(undetermined.detail().startsWith(kind.key()), undetermined.detail());
  }
}
