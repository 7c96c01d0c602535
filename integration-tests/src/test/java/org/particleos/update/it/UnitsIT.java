package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.demo.Tool;
import org.w3c.dom.Element;

/** The units mean what they should to the service manager, without one running. */
class UnitsIT {
  /** What an updater needs leaves this much, of 100. */
  private static final int EXPOSURE_OF_UPDATES = 36;

  private static final int EXPOSURE_OF_RESTART = 18;

  /** dbus-varlink.md 12.4. */
  private static final List<String> CAPABILITIES_MOST =
      List.of(
          "CAP_CHOWN",
          "CAP_FOWNER",
          "CAP_FSETID",
          "CAP_MKNOD",
          "CAP_SETFCAP",
          "CAP_SYS_ADMIN",
          "CAP_SETPCAP",
          "CAP_DAC_OVERRIDE",
          "CAP_LINUX_IMMUTABLE");

  @TempDir private Path root;

  @BeforeEach
  void installUnits() throws IOException {
    Path usr = Files.createDirectories(root.resolve("usr"));
    copy(source().resolve("lib"), usr);
    Path program = Files.createDirectories(usr.resolve("bin")).resolve("particle-update");
    Files.writeString(program, "#!/bin/sh\n");
    program.toFile().setExecutable(true);
  }

  private static Path source() {
    return Packages.repository().resolve("systemd-units");
  }

  private static Path unit(String name) {
    return source().resolve("lib/systemd/system").resolve(name);
  }

  private static void copy(Path from, Path into) throws IOException {
    Tool.run(from, "cp", "-a", from.toString(), into.toString());
  }

  private static List<String> unitNames() throws IOException {
    try (Stream<Path> files = Files.list(source().resolve("lib/systemd/system"))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  // ---- Units ----

  @TestFactory
  Stream<DynamicTest> theServiceManagerUnderstandsEveryUnit() throws IOException {
    Packages.toolNeeded("systemd-analyze");
    List<String> names = unitNames();
    assertEquals(7, names.size(), names::toString);

    return names.stream()
        .map(name -> DynamicTest.dynamicTest(name, () -> assertEquals("", verify(name))));
  }

  @Test
  void aMisspelledSettingWouldBeFound() throws IOException {
    Packages.toolNeeded("systemd-analyze");
    Path service = root.resolve("usr/lib/systemd/system/particle-update.service");
    Files.writeString(service, Files.readString(service).replace("WatchdogSec", "WatchdogSek"));

    String complaints = verify("particle-update.service");

    assertTrue(complaints.contains("WatchdogSek"), complaints);
  }

  /** What systemd says about ours, with the targets of this machine around them. */
  private String verify(String name) throws IOException {
    Path host = Path.of("/usr/lib/systemd/system");
    Path units = root.resolve("usr/lib/systemd/system");
    try (Stream<Path> files = Files.list(host)) {
      for (Path file : files.toList()) {
        Path target = units.resolve(file.getFileName().toString());
        if (!Files.exists(target) && Files.isRegularFile(file)) {
          Files.copy(file, target);
        }
      }
    }
    Files.createDirectories(root.resolve("bin"));
    if (!Files.exists(root.resolve("bin/sh"))) {
      Files.createSymbolicLink(root.resolve("bin/sh"), Path.of("../usr/bin/particle-update"));
    }
    Tool.Result result =
        Tool.call(
            root,
            Map.of("SYSTEMD_LOG_LEVEL", "warning"),
            "",
            "systemd-analyze",
            "verify",
            "--root=" + root,
            "--man=no",
            "--recursive-errors=no",
            name);
    return result.output();
  }

  @Test
  void theSandboxIsAsTightAsItWas() throws IOException {
    Packages.toolNeeded("systemd-analyze");

    assertExposure("particle-update.service", EXPOSURE_OF_UPDATES);
    assertExposure("particle-update-apply.service", EXPOSURE_OF_UPDATES);
    assertExposure("particle-update-reboot.service", EXPOSURE_OF_RESTART);
  }

  private void assertExposure(String name, int most) throws IOException {
    Tool.Result result =
        Tool.call(
            root,
            Map.of(),
            "",
            "systemd-analyze",
            "security",
            "--offline=true",
            "--no-pager",
            "--threshold=" + most,
            unit(name).toString());
    assertEquals(0, result.status(), result.output());
  }

  @Test
  void theTimersServiceHasTheSandboxOfTheDaemon() throws IOException {
    assertEquals(sandbox("particle-update.service"), sandbox("particle-update-apply.service"));
  }

  /**
   * systemd makes a boot partition that is mounted at the start read-only for {@code
   * ProtectSystem=yes}, and {@code ReadWritePaths=} of the same path does not change that.
   */
  @Test
  void theServicesThatUpdateMayWriteBootEntries() throws IOException {
    for (String name : List.of("particle-update.service", "particle-update-apply.service")) {
      assertEquals(List.of(), values(name, "ProtectSystem"), name);
      assertEquals(List.of("-/usr"), values(name, "ReadOnlyPaths"), name);
    }
  }

  @Test
  void noServiceHasMoreCapabilitiesThanTheReference() throws IOException {
    for (String name : unitNames().stream().filter(n -> n.endsWith(".service")).toList()) {
      if (name.equals("particle-update-health.service")) {
        continue; // runs the administrator's own programs
      }
      List<String> sets = values(name, "CapabilityBoundingSet");
      assertEquals(1, sets.size(), name);
      List<String> more = new ArrayList<>(List.of(sets.getFirst().split(" ")));
      more.removeAll(CAPABILITIES_MOST);
      // Reading is less than the reference's overriding.
      more.remove("CAP_DAC_READ_SEARCH");
      assertEquals(List.of(), more, name);
    }
  }

  /** The settings below the line that begins it. */
  private static List<String> sandbox(String name) throws IOException {
    String text = Files.readString(unit(name));
    List<String> lines =
        text.substring(text.indexOf("# ---- Sandbox"), text.indexOf("[Install]"))
            .lines()
            .filter(line -> !line.isBlank() && !line.startsWith("#"))
            .toList();
    assertFalse(lines.isEmpty());
    return lines;
  }

  private static List<String> values(String name, String key) throws IOException {
    return Files.readString(unit(name))
        .lines()
        .filter(line -> line.startsWith(key + "="))
        .map(line -> line.substring(key.length() + 1))
        .toList();
  }

  @Test
  void timersHaveTheReferencesRhythm() throws IOException {
    assertEquals(List.of("15min"), values("particle-update-apply.timer", "OnBootSec"));
    assertEquals(List.of("2h"), values("particle-update-apply.timer", "OnUnitActiveSec"));
    assertEquals(List.of("Sat"), values("particle-update-apply.timer", "OnCalendar"));
    assertEquals(List.of("4h"), values("particle-update-apply.timer", "RandomizedDelaySec"));
    assertEquals(List.of("yes"), values("particle-update-apply.timer", "Persistent"));
    assertEquals(List.of("4:10"), values("particle-update-reboot.timer", "OnCalendar"));
    assertEquals(List.of("30min"), values("particle-update-reboot.timer", "RandomizedDelaySec"));
  }

  // ---- Which names lead to us ----

  @Test
  void theStartIsNotFoundGoodBeforeTheHealthChecksPassed() throws IOException {
    assertEquals(
        List.of("boot-complete.target", "shutdown.target"),
        values("particle-update-health.service", "Before"));
    assertEquals(
        List.of("boot-complete.target"), values("particle-update-health.service", "RequiredBy"));
  }

  @Test
  void presetsSwitchOnTheDaemonAndNotTheTimers() throws IOException {
    Packages.toolNeeded("systemctl");

    Tool.run(root, "systemctl", "--root=" + root, "preset-all");

    Map<String, String> daemon =
        Map.of(
            "dbus-org.freedesktop.sysupdate1.service", "particle-update.service",
            "dbus-org.particleos.Update1.service", "particle-update.service",
            "systemd-sysupdated.service", "particle-update.service",
            "systemd-sysupdate.socket", "particle-update.socket",
            "boot-complete.target.requires/particle-update-health.service",
                "particle-update-health.service",
            "multi-user.target.wants/particle-update.service", "particle-update.service",
            "sockets.target.wants/particle-update.socket", "particle-update.socket");
    assertEquals(new TreeMap<>(daemon), enabled());
  }

  @Test
  void theTimersTakeTheNamesOfTheReferencesWhenTheyAreEnabled() throws IOException {
    Packages.toolNeeded("systemctl");

    Tool.run(
        root,
        "systemctl",
        "--root=" + root,
        "enable",
        "particle-update-apply.service",
        "particle-update-reboot.service");

    Map<String, String> enabled = enabled();
    assertEquals("particle-update-apply.timer", enabled.get("systemd-sysupdate.timer"));
    assertEquals("particle-update-apply.timer", enabled.get("systemd-sysupdate-update.timer"));
    assertEquals("particle-update-apply.service", enabled.get("systemd-sysupdate.service"));
    assertEquals("particle-update-apply.service", enabled.get("systemd-sysupdate-update.service"));
    assertEquals("particle-update-reboot.timer", enabled.get("systemd-sysupdate-reboot.timer"));
    assertEquals("particle-update-reboot.service", enabled.get("systemd-sysupdate-reboot.service"));
    assertTrue(enabled.containsKey("timers.target.wants/particle-update-apply.timer"));
  }

  @Test
  void besideTheReferenceOursWinsWhileItIsEnabled() throws IOException {
    Packages.toolNeeded("systemctl");
    Path units = root.resolve("usr/lib/systemd/system");
    Path reference = units.resolve("systemd-sysupdated.service");
    Files.writeString(
        reference,
        """
        [Service]
        ExecStart=/bin/true
        [Install]
        Alias=dbus-org.freedesktop.sysupdate1.service
        """);

    Tool.run(root, "systemctl", "--root=" + root, "enable", "particle-update.service");
    assertEquals("particle-update.service", enabled().get("systemd-sysupdated.service"));
    assertEquals(
        "particle-update.service", enabled().get("dbus-org.freedesktop.sysupdate1.service"));

    Tool.run(
        root,
        "systemctl",
        "--root=" + root,
        "disable",
        "particle-update.service",
        "particle-update.socket");
    assertEquals(Map.of(), enabled());
    assertTrue(Files.isRegularFile(reference));
  }

  /** Links that were made, each with the name of the unit that it leads to. */
  private Map<String, String> enabled() throws IOException {
    Path links = root.resolve("etc/systemd/system");
    var found = new TreeMap<String, String>();
    if (!Files.exists(links)) {
      return found;
    }
    try (Stream<Path> all = Files.walk(links)) {
      for (Path link : all.filter(Files::isSymbolicLink).toList()) {
        found.put(
            links.relativize(link).toString(),
            Files.readSymbolicLink(link).getFileName().toString());
      }
    }
    return found;
  }

  @Test
  void directoriesAreMadeWhereVarIsEmpty() throws IOException {
    Packages.toolNeeded("systemd-tmpfiles");
    Root.needed("give directories to root");

    Tool.run(root, "systemd-tmpfiles", "--create", "--root=" + root, "particle-update.conf");

    assertTrue(Files.isDirectory(root.resolve("var/lib/particle-update")));
    assertTrue(Files.isDirectory(root.resolve("run/particle-update")));
    assertTrue(Files.isDirectory(root.resolve("run/varlink/registry")));
  }

  // ---- polkit ----

  /** dbus-varlink.md 8: what an active user may do. All others need an administrator. */
  private static final Map<String, String> REFERENCE_ACTIONS =
      Map.of(
          "check", "yes",
          "cancel-check", "yes",
          "update", "yes",
          "cancel-update", "yes",
          "update-to-version", "auth_admin_keep",
          "cancel-update-to-version", "yes",
          "vacuum", "auth_admin_keep",
          "cancel-vacuum", "yes",
          "manage-features", "auth_admin_keep");

  @Test
  void polkitHasTheReferencesActionsWithItsDefaults() throws Exception {
    assertEquals(new TreeMap<>(REFERENCE_ACTIONS), actions("org.freedesktop.sysupdate1."));
  }

  @Test
  void lookingIsFreeAndTakingAwayIsNot() throws Exception {
    Map<String, String> ours = actions("org.particleos.Update1.");

    for (String free : List.of("check", "history", "update", "cancel")) {
      assertEquals("yes", ours.get(free), free);
    }
    for (String administrator : List.of("update-to-version", "vacuum", "hold", "reboot")) {
      assertEquals("auth_admin_keep", ours.get(administrator), administrator);
    }
  }

  private static Map<String, String> actions(String prefix) throws Exception {
    var factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
    var document =
        factory
            .newDocumentBuilder()
            .parse(
                source().resolve("share/polkit-1/actions/org.particleos.Update1.policy").toFile());
    var actions = new TreeMap<String, String>();
    var all = document.getElementsByTagName("action");
    for (int i = 0; i < all.getLength(); i++) {
      var action = (Element) all.item(i);
      String id = action.getAttribute("id");
      if (id.startsWith(prefix)) {
        assertEquals("auth_admin", text(action, "allow_any"), id);
        assertEquals("auth_admin", text(action, "allow_inactive"), id);
        assertFalse(text(action, "description").isBlank(), id);
        assertFalse(text(action, "message").isBlank(), id);
        actions.put(id.substring(prefix.length()), text(action, "allow_active"));
      }
    }
    return actions;
  }

  private static String text(Element action, String name) {
    var found = action.getElementsByTagName(name);
    assertEquals(1, found.getLength(), () -> name + " of " + action.getAttribute("id"));
    return found.item(0).getTextContent().strip();
  }

  // ---- Nothing of the reference's ----

  @Test
  void noFileHasThePathOfOneOfTheReferences() throws IOException {
    try (Stream<Path> all = Files.walk(source())) {
      String names =
          all.filter(Files::isRegularFile)
              .map(file -> source().relativize(file).toString())
              .collect(Collectors.joining("\n"));
      assertFalse(names.contains("system/systemd-sysupdate"), names);
      assertFalse(names.contains("share/dbus-1/system-services/org.freedesktop"), names);
      assertFalse(names.contains("system.d/org.freedesktop"), names);
      assertFalse(names.contains("actions/org.freedesktop"), names);
    }
  }
}
