package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Version 2 is installed and started; a boot loader that counts, made up by a folder of EFI
 * variables and by renaming, tries it three times and goes back to version 1.
 */
@ExtendWith(WithMachine.class)
class QuarantineIT {
  private static final String VENDOR = "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

  @BeforeEach
  void theSecondVersionIsInstalled(TestMachine machine) throws Exception {
    machine.run("apply").expect(0);
  }

  private static Path kernel(TestMachine machine) {
    return machine.folder().resolve("kernel");
  }

  private static Path checks(TestMachine machine) throws IOException {
    return Files.createDirectories(machine.folder().resolve("health.d"));
  }

  private static Run run(TestMachine machine, String... words) throws Exception {
    return machine
        .program()
        .with(
            Map.of(
                "PARTICLE_UPDATE_KERNEL_DIRECTORY",
                kernel(machine).toString(),
                "PARTICLE_UPDATE_HEALTH_DIRECTORY",
                checks(machine).toString()))
        .run(machine.arguments(words));
  }

  private static void variable(TestMachine machine, String name, String value) throws IOException {
    Path variables = Files.createDirectories(kernel(machine).resolve("sys/firmware/efi/efivars"));
    byte[] text = (value + "\0").getBytes(StandardCharsets.UTF_16LE);
    var content = new byte[text.length + 4];
    System.arraycopy(text, 0, content, 4, text.length);
    Files.write(variables.resolve(name + VENDOR), content);
    Files.createDirectories(kernel(machine).resolve("proc"));
    Files.writeString(kernel(machine).resolve("proc/cmdline"), "quiet\n");
  }

  /** The boot loader starts an entry, and renames it as it counts. */
  private static void starts(TestMachine machine, String version, String from, String to)
      throws IOException {
    if (!from.equals(to)) {
      Files.move(machine.boot().resolve(from), machine.boot().resolve(to));
    }
    variable(machine, "LoaderEntrySelected", to);
    if (to.contains("+")) {
      variable(machine, "LoaderBootCountPath", "\\EFI\\Linux\\" + to);
    } else {
      Files.deleteIfExists(
          kernel(machine).resolve("sys/firmware/efi/efivars/LoaderBootCountPath" + VENDOR));
    }
    machine.demo().run(version);
  }

  private static void check(TestMachine machine, String name, String script) throws IOException {
    Path file = checks(machine).resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + script + "\n");
    assertTrue(file.toFile().setExecutable(true));
  }

  private static void fallsBack(TestMachine machine) throws Exception {
    check(machine, "10-fine", "exit 0");
    check(machine, "20-network", "echo \"no route for $PARTICLE_UPDATE_VERSION\"; exit 1");
    starts(machine, "2", "ParticleOS_2+3-0.efi", "ParticleOS_2+2-1.efi");
    run(machine, "health").expect(14).says("health check 20-network failed");
    starts(machine, "2", "ParticleOS_2+2-1.efi", "ParticleOS_2+1-2.efi");
    starts(machine, "2", "ParticleOS_2+1-2.efi", "ParticleOS_2+0-3.efi");
    starts(machine, "1", "ParticleOS_1.efi", "ParticleOS_1.efi");
  }

  @Test
  void aStartIsConfirmedOnlyIfItsChecksPass(TestMachine machine) throws Exception {
    starts(machine, "2", "ParticleOS_2+3-0.efi", "ParticleOS_2+2-1.efi");
    run(machine, "health").expect(0).says("no health checks");
    check(machine, "10-fine", "exit 0");
    run(machine, "health").expect(0).says("The check passed.");
    check(machine, "20-network", "exit 7");

    JsonNode failed = run(machine, "health", "--json=short").expect(14).json();

    assertEquals("2", failed.path("version").asText());
    assertEquals("ParticleOS_2+2-1.efi", failed.path("entry").asText());
    assertEquals("passed", failed.path("checks").get(0).path("result").asText());
    assertEquals("exit status 7", failed.path("checks").get(1).path("text").asText());
    run(machine, "status")
        .expect(0)
        .says("check 20-network failed: exit status 7")
        .says("nobody has found this start good yet; 2 tries are left");
  }

  @Test
  void afterAFallbackTheAdministratorReadsWhatHappened(TestMachine machine) throws Exception {
    fallsBack(machine);

    run(machine, "status")
        .expect(0)
        .says("running    1\n")
        .says("version 2 did not come up in 3 tries; back on version 1")
        .says("reason: health check 20-network: exit status 1: no route for 2")
        .says("particle-update lift-quarantine 2");
    JsonNode status = run(machine, "status", "--json=short").expect(0).json();
    assertEquals("1", status.path("installed").asText());
    assertEquals("blessed", status.path("boot").path("standing").asText());
    assertEquals(3, status.path("failed").get(0).path("tries").asInt());
    run(machine, "pending").expect(1);
  }

  @Test
  void itIsNotTakenAgainAndTheNextVersionGetsItsSlot(TestMachine machine) throws Exception {
    fallsBack(machine);

    run(machine, "check").expect(3).says("version 2 did not come up");
    run(machine, "check-new").expect(1);
    run(machine, "apply").expect(0).says("No update needed");
    run(machine, "update").expect(0);
    assertEquals(List.of("ParticleOS_1.efi", "ParticleOS_2+0-3.efi"), machine.bootEntries());
    run(machine, "list").expect(0).says("quarantined");

    machine.releases().publish(machine.web(), machine.releases().release("3"));
    run(machine, "apply").expect(0).says("Version 3 is installed");

    machine.assertVersionInstalled("3");
    machine.assertOldVersionUntouched();
    assertEquals(List.of("ParticleOS_1.efi", "ParticleOS_3+3-0.efi"), machine.bootEntries());
  }

  @Test
  void itsQuarantineCanBeLifted(TestMachine machine) throws Exception {
    fallsBack(machine);
    run(machine, "check").expect(3);
    JsonNode listed = run(machine, "quarantine", "--json=short").expect(0).json();
    assertEquals("2", listed.path("failed").get(0).path("version").asText());
    run(machine, "lift-quarantine", "1").failure(12);

    run(machine, "lift-quarantine", "2").expect(0).says("has its tries back");

    assertEquals(List.of("ParticleOS_1.efi", "ParticleOS_2+3-0.efi"), machine.bootEntries());
    run(machine, "quarantine").expect(0).says("No version is in quarantine.");
    machine.assertVersionInstalled("2");
  }

  @Test
  void whatIsRememberedIsShownAlsoWhileTheBootPartitionIsNotMounted(TestMachine machine)
      throws Exception {
    fallsBack(machine);
    run(machine, "check").expect(3);

    Run run =
        machine
            .program()
            .with(
                Map.of(
                    "PARTICLE_UPDATE_KERNEL_DIRECTORY",
                    kernel(machine).toString(),
                    "SYSTEMD_ESP_PATH",
                    machine.folder().resolve("nothing").toString(),
                    "SYSTEMD_XBOOTLDR_PATH",
                    machine.folder().resolve("nothing").toString()))
            .run(machine.arguments("quarantine"));

    run.expect(0).says("version 2 did not come up in 3 tries").says("only what is remembered");
  }
}
