package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.catalog.ATransfer;
import org.particleos.update.disk.GptImage;

/** What programs read, byte by byte (update-algorithm.md 19). */
class JsonOutputTest {
  private static final UUID SLOT = UUID.fromString("00000000-0000-4000-8000-000000000001");

  @TempDir Path home;
  private Premises premises;

  @BeforeEach
  void start() throws IOException {
    premises = Premises.at(home).running("1");
    premises
        .transfer(
            "10-os",
            Premises.plainFiles(
                "os",
                "AppStream=https://example.org/a.xml",
                "ChangeLog=https://example.org/@v.txt"))
        .holds("os", "1")
        .offers("os", "1", "2");
  }

  private void prints(int status, String json, String... arguments) {
    CapturedRun run = premises.run(arguments);

    assertEquals(json.isEmpty() ? "" : json + "\n", run.out(), run.err());
    assertEquals(status, run.status(), run.err());
  }

  @Test
  void list() {
    prints(
        0,
        "{\"current\":\"1\",\"all\":[\"2\",\"1\"],"
            + "\"appstreamUrls\":[\"https://example.org/a.xml\"]}",
        "list",
        "--json=short");
  }

  @Test
  void listOfNothing() throws IOException {
    Files.delete(premises.at("/var/os/os_1"));

    prints(
        0,
        "{\"current\":null,\"all\":[],\"appstreamUrls\":[\"https://example.org/a.xml\"]}",
        "--offline",
        "--json=short");
  }

  @Test
  void listOfAPendingVersion() {
    premises.run("acquire");

    prints(
        0,
        "{\"current+pending\":\"2\",\"all\":[\"2\",\"1\"],"
            + "\"appstreamUrls\":[\"https://example.org/a.xml\"]}",
        "list",
        "--json=short");
  }

  @Test
  void listWithSizes() {
    prints(
        0,
        "{\"current\":\"1\",\"all\":[\"2\",\"1\"],"
            + "\"appstreamUrls\":[\"https://example.org/a.xml\"],\"sizes\":["
            + "{\"version\":\"2\",\"downloadBytes\":3,\"installBytes\":3},"
            + "{\"version\":\"1\",\"downloadBytes\":0,\"installBytes\":0}]}",
        "list",
        "--sizes",
        "--json=short");
  }

  @Test
  void listVersion() {
    prints(
        0,
        "{\"version\":\"2\",\"newest\":true,\"available\":true,\"installed\":false,"
            + "\"partial\":false,\"pending\":false,\"obsolete\":false,\"protected\":false,"
            + "\"incomplete\":false,\"changelogUrls\":[\"https://example.org/2.txt\"],"
            + "\"contents\":[{\"type\":\"regular-file\",\"path\":\""
            + premises.at("/srv/os/os_2")
            + "\",\"mtime\":1700000000000000,\"mode\":420}]}",
        "list",
        "2",
        "--json=short");
  }

  @Test
  void listVersionWithSizes() {
    prints(
        0,
        "{\"version\":\"1\",\"newest\":true,\"available\":true,\"installed\":true,"
            + "\"partial\":false,\"pending\":false,\"obsolete\":false,\"protected\":false,"
            + "\"incomplete\":false,\"changelogUrls\":[\"https://example.org/1.txt\"],"
            + "\"contents\":[{\"type\":\"regular-file\",\"path\":\""
            + premises.at("/var/os/os_1")
            + "\",\"mtime\":1700000000000000,\"mode\":420}],"
            + "\"downloadBytes\":0,\"installBytes\":0}",
        "list",
        "1",
        "--sizes",
        "--json=short");
  }

  @Test
  void listVersionWithEveryColumn() throws IOException {
    GptImage.withSectors(512)
        .add(1, 40, 8, "_empty", ATransfer.USR.uuid(), SLOT)
        .write(home.resolve("disk.raw"));
    String digest = "ab".repeat(32);
    premises.transfer(
        "10-os",
        """
        [Source]
        Type=regular-file
        Path=/srv/p
        MatchPattern=p_@v_@u_@f_@t_@m_@s_@d_@l_@a_@r_@g_@h.raw
        [Target]
        Type=partition
        Path=%s
        MatchPattern=os_@v
        MatchPartitionType=%s
        """
            .formatted(home.resolve("disk.raw"), ATransfer.USR.uuid()));
    premises.transfer("20-more", Premises.plainFiles("more")).offers("more", "3");
    String name = "p_3_" + SLOT + "_8000000000000000_1700000000000000_644_4096_1_2_1_0_yes_";
    premises.file("/srv/p/" + name + digest + ".raw", "3");

    prints(
        0,
        "{\"version\":\"3\",\"newest\":true,\"available\":true,\"installed\":false,"
            + "\"partial\":false,\"pending\":false,\"obsolete\":false,\"protected\":false,"
            + "\"incomplete\":false,\"changelogUrls\":[],\"contents\":["
            + "{\"type\":\"regular-file\",\"path\":\""
            + premises.at("/srv/p/" + name + digest + ".raw")
            + "\",\"ptuuid\":\""
            + SLOT
            + "\",\"ptflags\":9223372036854775808,\"mtime\":1700000000000000,\"mode\":420,"
            + "\"size\":4096,\"tries-done\":1,\"tries-left\":2,\"noauto\":true,\"ro\":false,"
            + "\"growfs\":true,\"sha256\":\""
            + digest
            + "\"},{\"type\":\"regular-file\",\"path\":\""
            + premises.at("/srv/more/more_3")
            + "\",\"ptuuid\":null,\"ptflags\":null,\"mtime\":1700000000000000,\"mode\":420,"
            + "\"size\":null,\"tries-done\":null,\"tries-left\":null,\"noauto\":null,\"ro\":null,"
            + "\"growfs\":null,\"sha256\":null}]}",
        "list",
        "3",
        "--json=short");
  }

  @Test
  void checkNew() throws IOException {
    prints(0, "{\"available\":\"2\"}", "check-new", "--json=short");
    prints(0, "{\n  \"available\" : \"2\"\n}", "check-new", "--json=pretty");
    prints(0, "2", "check-new", "--json=off");
    Files.delete(premises.at("/srv/os/os_2"));

    prints(1, "{\"available\":null}", "check-new", "--json=short");
    prints(1, "", "check-new");
  }

  @Test
  void vacuum() throws IOException {
    premises
        .holds("os", "0.1", "0.2", "0.3")
        .transfer("20-off", Premises.plainFiles("off", "Features=extra"))
        .holds("off", "1", "2");

    prints(0, "{\"removed\":2,\"disabledTransfers\":1}", "vacuum", "--json=short");
    prints(0, "{\"removed\":0,\"disabledTransfers\":0}", "vacuum", "--json=short");
  }

  @Test
  void updateAndAcquirePrintWhatMadeRoomOrNothing() throws IOException {
    premises.holds("os", "0.1", "0.2");

    prints(0, "{\"removed\":2,\"disabledTransfers\":0}", "acquire", "--json=short");
    prints(0, "", "acquire", "--json=short");
    prints(0, "", "update", "--json=short");
    prints(0, "", "update", "--json=short");
    premises.offers("os", "3");
    prints(0, "{\"removed\":1,\"disabledTransfers\":0}", "update", "--json=short");
  }

  @Test
  void features() throws IOException {
    prints(0, "{\"features\":[]}", "features", "--json=short");
    premises
        .file("/etc/sysupdate.d/extra.feature", "[Feature]\nEnabled=yes\n")
        .file(
            "/etc/sysupdate.d/devel.feature",
            """
            [Feature]
            Description=For developers
            Documentation=https://example.org/1
            Documentation=https://example.org/2
            AppStream=https://example.org/d.xml
            Suggest=yes
            """)
        .file(
            "/etc/sysupdate.d/odd.feature", "[Feature]\nSuggestOnFirmware=smbios-field(nonsense\n")
        .transfer("20-off", Premises.plainFiles("off", "Features=devel"))
        .transfer("10-on", Premises.plainFiles("on", "Features=extra devel"));

    prints(0, "{\"features\":[\"devel\",\"extra\",\"odd\"]}", "features", "--json=short");
    prints(
        0,
        "{\"id\":\"devel\",\"description\":\"For developers\",\"documentation\":["
            + "\"https://example.org/1\",\"https://example.org/2\"],"
            + "\"appStream\":\"https://example.org/d.xml\",\"enabled\":false,\"suggested\":true,"
            + "\"transfers\":[\"10-on\",\"20-off\"]}",
        "features",
        "devel",
        "--json=short");
    prints(
        0,
        "{\"id\":\"extra\",\"enabled\":true,\"suggested\":false,\"transfers\":[\"10-on\"]}",
        "features",
        "extra",
        "--json=short");
    prints(0, "{\"id\":\"odd\",\"enabled\":false}", "features", "odd", "--json=short");
    prints(
        0,
        "{\"features\":[\"devel\",\"extra\",\"odd\"],\"details\":["
            + "{\"id\":\"devel\",\"description\":\"For developers\",\"documentation\":["
            + "\"https://example.org/1\",\"https://example.org/2\"],"
            + "\"appStream\":\"https://example.org/d.xml\",\"enabled\":false,\"suggested\":true,"
            + "\"transfers\":[\"10-on\",\"20-off\"]},"
            + "{\"id\":\"extra\",\"enabled\":true,\"suggested\":false,\"transfers\":[\"10-on\"]},"
            + "{\"id\":\"odd\",\"enabled\":false}]}",
        "features",
        "--verbose",
        "--json=short");
    prints(1, "", "features", "nothing", "--json=short");
  }

  @Test
  void components() throws IOException {
    premises.component("zeta", "10-z", Premises.plainFiles("z"));
    Files.createDirectories(premises.at("/usr/lib/sysupdate.app.d"));
    Files.createDirectories(premises.at("/usr/lib/sysupdate.compx.component.d"));

    prints(0, "{\"default\":true,\"components\":[\"app\",\"zeta\"]}", "components", "--json=short");
    Files.delete(premises.at("/etc/sysupdate.d/10-os.transfer"));
    prints(
        0, "{\"default\":false,\"components\":[\"app\",\"zeta\"]}", "components", "--json=short");
  }

  @Test
  void check() throws IOException {
    prints(
        0,
        "{\"booted\":\"1\",\"installed\":\"1\",\"available\":\"2\",\"failed\":[],\"downloadBytes\":3,"
            + "\"installBytes\":3,\"transfers\":[\"10-os\"]}",
        "check",
        "--json=short");
    Files.delete(home.resolve("os-release"));
    Files.writeString(home.resolve("os-release"), "ID=test\n");
    prints(
        3,
        "{\"booted\":null,\"installed\":\"1\",\"available\":null,\"failed\":[]}",
        "check",
        "--offline",
        "--json=short");
  }

  @Test
  void apply() throws IOException {
    prints(
        0,
        "{\"outcome\":\"installed\",\"version\":\"2\",\"bytesTransferred\":3}",
        "apply",
        "--json=short");
    prints(0, "{\"outcome\":\"no-update\",\"version\":null}", "apply", "--json=short");
    prints(
        0, "{\"outcome\":\"already-installed\",\"version\":\"1\"}", "apply", "1", "--json=short");
    premises.component("app", "10-app", Premises.plainFiles("app")).offers("app", "7");
    prints(
        0,
        "{\"outcome\":\"no-update\",\"version\":null}\n"
            + "{\"component\":\"app\",\"outcome\":\"installed\",\"version\":\"7\","
            + "\"bytesTransferred\":4}",
        "apply",
        "--component-all",
        "--json=short");
  }

  @Test
  void status() {
    premises.run("acquire");
    String target = premises.at("/var/os").toString();

    prints(
        0,
        "{\"booted\":\"1\",\"installed\":\"1\",\"boot\":{\"entry\":null,\"version\":\"1\",\"standing\":\"unknown\",\"why\":\"no"
            + " transfer here installs boot entries that count tries\",\"unknown\":[\"the command"
            + " line of the kernel cannot be read\",\"the firmware has no EFI variables, so that no"
            + " boot loader says what it started\"],"
            + "\"conflicts\":[]},\"failed\":[],\"health\":null,\"versions\":["
            + "{\"version\":\"2\",\"assessment\":\"current+pending\"},"
            + "{\"version\":\"1\",\"assessment\":\"installed\"}],\"transfers\":[{\"id\":\"10-os\","
            + "\"target\":\""
            + target
            + "\",\"held\":[{\"version\":\"2\",\"path\":\""
            + target
            + "/.sysupdate.pending.os_2\",\"state\":[\"pending\"]},"
            + "{\"version\":\"1\",\"path\":\""
            + target
            + "/os_1\",\"state\":[\"running\"]}],\"emptySlots\":0}]}",
        "status",
        "--json=short");
  }

  @Test
  void doctor() throws IOException {
    prints(
        0,
        "{\"ok\":true,\"findings\":["
            + "{\"level\":\"good\",\"about\":\"definitions\",\"text\":\"1 transfer\"},"
            + "{\"level\":\"good\",\"about\":\"running version\",\"text\":\"1\"},"
            + "{\"level\":\"good\",\"about\":\"target 10-os\",\"text\":\""
            + premises.at("/var/os")
            + ": 1 version\"},"
            + "{\"level\":\"good\",\"about\":\"server\",\"text\":\""
            + premises.at("/srv/os")
            + "\"},"
            + "{\"level\":\"good\",\"about\":\"update\","
            + "\"text\":\"version 2 can be installed\"}]}",
        "doctor",
        "--json=short");
    Files.delete(premises.at("/etc/sysupdate.d/10-os.transfer"));

    CapturedRun run = premises.run("doctor", "--json=short");
    assertEquals(6, run.status());
    assertEquals(
        "{\"ok\":false,\"findings\":[{\"level\":\"failure\",\"about\":\"definitions\",\"text\":"
            + "\"no transfer definitions found",
        run.out().replaceFirst(" \\(nothing in.*\n", ""));
  }
}
