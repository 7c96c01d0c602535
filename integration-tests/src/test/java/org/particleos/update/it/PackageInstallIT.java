package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.particleos.update.demo.Tool;

/**
 * The Debian package is installed, used and removed by the real {@code dpkg}.
 *
 * <p>In a chroot over this machine's own system: an overlay, in a mount namespace that ends with
 * the command. Nothing of the machine is changed, nothing has to be downloaded, and what was
 * written where is seen in the upper layer afterwards. Java of this machine is hidden, {@code /tmp}
 * is read-only and without programs, {@code /run} is empty, so systemd is not running there.
 */
@ExtendWith(WithMachine.class)
class PackageInstallIT {
  private static final String NAME = "particle-update";

  /** What other packages do about new manual pages and the like is theirs, and takes long. */
  private static final String TRIGGERS = "--no-triggers";

  /** Arguments: layers, folder of the machine, folder of packages, then a command. */
  private static final String ENTER =
      """
      set -e
      layers=$1 machine=$2 packages=$3
      shift 3
      cd "$layers"
      mkdir -p upper work root
      mount -t overlay -o "lowerdir=/,upperdir=$layers/upper,workdir=$layers/work" layers root
      for java in usr/lib/jvm usr/java opt; do
        if [ -d "root/$java" ]; then mount -t tmpfs -o ro,size=4k none "root/$java"; fi
      done
      mount -t proc proc root/proc
      mount --rbind /dev root/dev
      mount -t tmpfs -o size=4m none root/run
      mount -t tmpfs -o size=1m,noexec none root/tmp
      mkdir -p "root$machine" root/run/packages
      mount --bind "$packages" root/run/packages
      if [ "$machine" != / ]; then mount --bind "$machine" "root$machine"; fi
      mount -o remount,ro,noexec root/tmp
      exec chroot root "$@"
      """;

  /** The upper layer of the overlay: all that was written. */
  private static Path written(Path layers) {
    return layers.resolve("upper");
  }

  private static Tool.Result inside(TestMachine machine, Path layers, String... command)
      throws IOException {
    List<String> words =
        new ArrayList<>(
            List.of(
                "unshare",
                "--mount",
                "--propagation=private",
                "sh",
                "-c",
                ENTER,
                "sh",
                layers.toString(),
                machine.folder().toString(),
                Packages.folder().toString()));
    words.addAll(List.of(command));
    Map<String, String> environment = new java.util.HashMap<>(machine.demo().environment());
    environment.put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    environment.put("JAVA_HOME", "");
    environment.put("DEBIAN_FRONTEND", "noninteractive");
    return Tool.call(layers, environment, "", words.toArray(String[]::new));
  }

  private static String good(Tool.Result result) {
    assertEquals(0, result.status(), result.output());
    return result.output();
  }

  private static Path layers(TestMachine machine, Releases releases) throws IOException {
    Root.needed("make a chroot");
    Packages.toolNeeded("dpkg");
    Packages.toolNeeded("unshare");
    Packages.folder();
    Path layers = Files.createDirectories(releases.scratch().resolve("layers"));
    Tool.Result probe = inside(machine, layers, "true");
    assumeTrue(
        probe.status() == 0,
        () -> "this root may not lay a file system over another: " + probe.output());
    return layers;
  }

  private static String packageFile() throws IOException {
    return "/run/packages/" + Packages.debian().getFileName();
  }

  @Test
  void thePackageIsInstalledUsedAndRemoved(TestMachine machine, Releases releases)
      throws Exception {
    Path layers = layers(machine, releases);
    List<String> before = files(written(layers));

    good(inside(machine, layers, "dpkg", TRIGGERS, "--install", packageFile()));

    List<String> installed = files(written(layers));
    installed.removeAll(before);
    assertEquals(List.of(), outsideOf(installed, "usr/", "var/lib/dpkg/", "var/log/dpkg.log"));
    assertTrue(installed.contains("usr/bin/particle-update"), installed::toString);
    assertEquals("", good(inside(machine, layers, "dpkg", "--verify", NAME)));

    String version = good(inside(machine, layers, NAME, "--version"));
    assertTrue(version.startsWith("particle-update "), version);
    String definitions = "--definitions=" + machine.demo().definitions();
    String status = good(inside(machine, layers, NAME, "status", definitions));
    assertTrue(status.contains("1 running"), status);
    String check = good(inside(machine, layers, NAME, "check", definitions));
    assertTrue(check.contains("offered    2"), check);
    good(inside(machine, layers, NAME, "apply", definitions));
    machine.assertVersionInstalled("2");
    String page =
        good(inside(machine, layers, "sh", "-c", "zcat /usr/share/man/man1/*update.1.gz"));
    assertTrue(page.contains(".Sh VERBS"), page);

    good(inside(machine, layers, "dpkg", TRIGGERS, "--remove", NAME));

    List<String> left = files(written(layers));
    left.removeAll(before);
    assertEquals(
        List.of(),
        outsideOf(left, "var/lib/dpkg/", "var/log/dpkg.log", "var/lib/particle-update/"));
  }

  @Test
  void purgingTakesTheStateAlong(TestMachine machine, Releases releases) throws Exception {
    Path layers = layers(machine, releases);
    good(inside(machine, layers, "dpkg", TRIGGERS, "--install", packageFile()));
    Path state = written(layers).resolve("var/lib/particle-update");
    Files.createDirectories(state.resolve("spool"));
    Files.writeString(state.resolve("agent.json"), "{}");

    good(inside(machine, layers, "dpkg", TRIGGERS, "--remove", NAME));
    assertTrue(Files.exists(state.resolve("agent.json")));
    good(inside(machine, layers, "dpkg", TRIGGERS, "--purge", NAME));

    // Asked inside: what the host may have in that place is covered, not gone.
    good(inside(machine, layers, "test", "!", "-e", "/var/lib/particle-update"));
  }

  /** The bus of the machine finds both names where the package has put them. */
  @Test
  void theBusKnowsHowToStartTheDaemon(TestMachine machine, Releases releases) throws Exception {
    Packages.toolNeeded("dbus-daemon");
    Packages.toolNeeded("busctl");
    Path layers = layers(machine, releases);
    good(inside(machine, layers, "dpkg", TRIGGERS, "--install", packageFile()));

    String names =
        good(
            inside(
                machine,
                layers,
                "sh",
                "-c",
                """
                set -e
                cat > /run/bus.conf <<X
                <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
                 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
                <busconfig>
                  <type>system</type>
                  <listen>unix:path=/run/bus</listen>
                  <auth>EXTERNAL</auth>
                  <standard_system_servicedirs/>
                  <policy context="default">
                    <allow user="*"/>
                    <allow send_destination="org.freedesktop.DBus"/>
                    <allow receive_sender="org.freedesktop.DBus"/>
                  </policy>
                  <include>/usr/share/dbus-1/system.d/org.particleos.Update1.conf</include>
                </busconfig>
                X
                pid=$(dbus-daemon --config-file=/run/bus.conf --fork --nopidfile --print-pid)
                trap 'kill "$pid"' EXIT
                busctl --address=unix:path=/run/bus call org.freedesktop.DBus \
                  /org/freedesktop/DBus org.freedesktop.DBus ListActivatableNames
                """));

    assertTrue(names.contains("\"org.freedesktop.sysupdate1\""), names);
    assertTrue(names.contains("\"org.particleos.Update1\""), names);
  }

  private static List<String> outsideOf(List<String> files, String... places) {
    return files.stream().filter(file -> Stream.of(places).noneMatch(file::startsWith)).toList();
  }

  /** Files and links below a folder; none where it does not exist. */
  private static List<String> files(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return new ArrayList<>();
    }
    try (Stream<Path> all = Files.walk(folder)) {
      return new ArrayList<>(
          all.filter(file -> !Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS))
              .map(file -> folder.relativize(file).toString())
              .sorted()
              .toList());
    }
  }
}
