package org.particleos.update.definition;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.particleos.update.pattern.FieldText;

/**
 * In what this system runs, by what the kernel shows in files (transfer-files.md 18.2). Of a
 * container in a virtual machine only the container counts.
 *
 * @param container technology, such as {@code podman}
 * @param machine technology, such as {@code kvm}; empty within a container
 */
record Virtualization(Optional<String> container, Optional<String> machine) {
  private static final String OTHER_CONTAINER = "container-other";
  private static final String OTHER_MACHINE = "vm-other";

  private static final List<String> CONTAINERS =
      List.of(
          "systemd-nspawn",
          "lxc",
          "lxc-libvirt",
          "docker",
          "podman",
          "rkt",
          "wsl",
          "proot",
          "pouch",
          "openvz");

  /** How the vendor fields of the firmware start, and what they tell. */
  private static final List<Map.Entry<String, String>> VENDORS =
      List.of(
          Map.entry("KVM", "kvm"),
          Map.entry("OpenStack", "kvm"),
          Map.entry("KubeVirt", "kvm"),
          Map.entry("Amazon EC2", "amazon"),
          Map.entry("QEMU", "qemu"),
          Map.entry("VMware", "vmware"),
          Map.entry("VMW", "vmware"),
          Map.entry("innotek GmbH", "oracle"),
          Map.entry("VirtualBox", "oracle"),
          Map.entry("Oracle Corporation", "oracle"),
          Map.entry("Xen", "xen"),
          Map.entry("Bochs", "bochs"),
          Map.entry("Parallels", "parallels"),
          Map.entry("BHYVE", "bhyve"),
          Map.entry("Hyper-V", "microsoft"),
          Map.entry("Apple Virtualization", "apple"),
          Map.entry("Google Compute Engine", "google"));

  private static final List<String> VENDOR_FIELDS =
      List.of("product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version");

  private static final String CLOCKS =
      "sys/devices/system/clocksource/clocksource0/available_clocksource";

  static Virtualization detect(ConditionFacts facts) {
    var container = container(facts);
    return container.isPresent()
        ? new Virtualization(container, Optional.empty())
        : new Virtualization(Optional.empty(), machine(facts));
  }

  boolean matches(String parameter, ConditionFacts facts) {
    boolean any = container.isPresent() || machine.isPresent();
    return switch (parameter) {
      case "vm" -> machine.isPresent();
      case "container" -> container.isPresent();
      case "private-users" -> hasPrivateUsers(facts);
      default ->
          FieldText.bool(parameter)
              .map(asked -> asked == any)
              .orElseGet(() -> container.or(() -> machine).filter(parameter::equals).isPresent());
    };
  }

  /** The outermost user namespace maps every user to itself. */
  private static boolean hasPrivateUsers(ConditionFacts facts) {
    return facts
        .text("proc/self/uid_map")
        .map(map -> !Words.plain(map).equals(List.of("0", "0", "4294967295")))
        .orElse(false);
  }

  private static Optional<String> container(ConditionFacts facts) {
    // What the container manager says of itself comes first, then what it is known to leave behind.
    return facts
        .line("run/host/container-manager")
        .or(() -> facts.line("run/systemd/container"))
        .or(() -> containerVariable(facts))
        .filter(name -> !name.isEmpty())
        .map(name -> CONTAINERS.contains(name) ? name : OTHER_CONTAINER)
        // "oci" and the like do not say which one it is; these do.
        .filter(name -> !name.equals(OTHER_CONTAINER) || traces(facts).isEmpty())
        .or(() -> traces(facts));
  }

  /** {@code $container} of the first process; only root may look. */
  private static Optional<String> containerVariable(ConditionFacts facts) {
    return facts.text("proc/1/environ").stream()
        .flatMap(block -> Stream.of(block.split("\0")))
        .filter(variable -> variable.startsWith("container="))
        .map(variable -> variable.substring(variable.indexOf('=') + 1))
        .findFirst();
  }

  private static Optional<String> traces(ConditionFacts facts) {
    if (facts.exists("proc/vz") && !facts.exists("proc/bc")) {
      return Optional.of("openvz");
    }
    if (facts.exists("run/.containerenv")) {
      return Optional.of("podman");
    }
    if (facts.exists(".dockerenv")) {
      return Optional.of("docker");
    }
    return facts
        .line("proc/sys/kernel/osrelease")
        .filter(release -> release.contains("Microsoft") || release.contains("WSL"))
        .map(_ -> "wsl");
  }

  private static Optional<String> machine(ConditionFacts facts) {
    var xen = xen(facts);
    if (xen.isPresent()) {
      // The privileged domain has the hardware for itself.
      return xen.get() ? Optional.empty() : Optional.of("xen");
    }
    var special = uml(facts).or(() -> mainframe(facts)).or(() -> deviceTree(facts));
    if (special.isPresent()) {
      return special;
    }
    boolean hypervisor = hasHypervisorFlag(facts);
    boolean flagged =
        facts.text("proc/cpuinfo").map(text -> text.contains("\nflags")).orElse(false);
    // Where processors have that flag, firmware of a known vendor on bare metal means nothing.
    if (flagged && !hypervisor) {
      return Optional.empty();
    }
    var vendor = vendor(facts);
    if (vendor.filter("qemu"::equals).isPresent() && hasClock(facts, "kvm-clock")) {
      return Optional.of("kvm");
    }
    return vendor
        .or(() -> clock(facts))
        .or(() -> hypervisor ? Optional.of(OTHER_MACHINE) : Optional.empty());
  }

  /** Whether this is the privileged domain; empty if it is none of Xen's. */
  private static Optional<Boolean> xen(ConditionFacts facts) {
    boolean xen =
        facts.line("sys/hypervisor/type").filter("xen"::equals).isPresent()
            || facts.exists("proc/xen");
    return xen
        ? Optional.of(
            facts
                .text("proc/xen/capabilities")
                .map(text -> text.contains("control_d"))
                .orElse(false))
        : Optional.empty();
  }

  private static Optional<String> uml(ConditionFacts facts) {
    return facts
        .text("proc/cpuinfo")
        .filter(text ->
            text.lines().anyMatch(line -> line.matches("vendor_id\\s*:\\s*User Mode Linux")))
        .map(_ -> "uml");
  }

  private static Optional<String> mainframe(ConditionFacts facts) {
    return facts
        .text("proc/sysinfo")
        .flatMap(text ->
            text.lines().filter(line -> line.matches("VM\\d\\d Control Program:.*")).findFirst())
        .map(line -> line.contains("z/VM") ? "zvm" : "kvm");
  }

  private static Optional<String> deviceTree(ConditionFacts facts) {
    var hypervisor =
        facts
            .text("proc/device-tree/hypervisor/compatible")
            .map(text -> text.replace("\0", "").strip())
            .map(text ->
                switch (text) {
                  case "linux,kvm" -> "kvm";
                  case "vmware" -> "vmware";
                  default -> text.contains("xen") ? "xen" : OTHER_MACHINE;
                });
    if (hypervisor.isPresent()) {
      return hypervisor;
    }
    return facts.names("proc/device-tree").stream().anyMatch(name -> name.startsWith("fw-cfg"))
        ? Optional.of("qemu")
        : Optional.empty();
  }

  private static boolean hasHypervisorFlag(ConditionFacts facts) {
    return facts
        .text("proc/cpuinfo")
        .map(text ->
            text.lines()
                .filter(line -> line.startsWith("flags"))
                .anyMatch(line -> Words.plain(line).contains("hypervisor")))
        .orElse(false);
  }

  private static Optional<String> vendor(ConditionFacts facts) {
    for (String field : VENDOR_FIELDS) {
      String text = facts.dmi(field).orElse("");
      for (var vendor : VENDORS) {
        if (text.startsWith(vendor.getKey())) {
          // Whole machines are sold under that name, too.
          boolean metal =
              vendor.getValue().equals("amazon")
                  && facts.dmi("product_name").filter(name -> name.endsWith(".metal")).isPresent();
          return metal ? Optional.empty() : Optional.of(vendor.getValue());
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<String> clock(ConditionFacts facts) {
    if (hasClock(facts, "kvm-clock")) {
      return Optional.of("kvm");
    }
    return facts
        .text(CLOCKS)
        .filter(text -> text.contains("hyperv_clocksource"))
        .map(_ -> "microsoft");
  }

  /** Hypervisors offer clocks of their own. */
  private static boolean hasClock(ConditionFacts facts, String name) {
    return facts.text(CLOCKS).map(text -> Words.plain(text).contains(name)).orElse(false);
  }
}
