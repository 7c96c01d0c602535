package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * As long as the running version counts its attempts to start, the other one is what the machine
 * falls back to.
 */
@ExtendWith(WithMachine.class)
class FallbackIT {
  @BeforeEach
  void theSecondVersionRunsAndAThirdIsOffered(TestMachine machine) throws Exception {
    machine.run("apply").expect(0);
    machine.demo().run("2");
    // As the boot loader names it when it starts it for the first time.
    Files.move(
        machine.boot().resolve("ParticleOS_2+3-0.efi"),
        machine.boot().resolve("ParticleOS_2+2-1.efi"));
    machine.releases().publish(machine.web(), machine.releases().release("3"));
  }

  private static void assertRefused(TestMachine machine) throws Exception {
    Run run = machine.run("apply");
    assertTrue(run.status() != 0, run::toString);
    run.says("--force");
    machine.assertOldVersionUntouched();
    assertEquals(List.of("ParticleOS_1.efi", "ParticleOS_2+2-1.efi"), machine.bootEntries());
  }

  @Test
  void theFallbackIsReplacedAfterTheRunningVersionProvedItself(TestMachine machine)
      throws Exception {
    assertRefused(machine);
    Files.move(
        machine.boot().resolve("ParticleOS_2+2-1.efi"), machine.boot().resolve("ParticleOS_2.efi"));

    machine.run("apply").expect(0);

    assertEquals(List.of("ParticleOS_2.efi", "ParticleOS_3+3-0.efi"), machine.bootEntries());
  }

  @Test
  void theFallbackIsReplacedIfSomebodyInsists(TestMachine machine) throws Exception {
    assertRefused(machine);

    machine.run("apply", "--force").expect(0);

    assertEquals(List.of("ParticleOS_2+2-1.efi", "ParticleOS_3+3-0.efi"), machine.bootEntries());
  }
}
