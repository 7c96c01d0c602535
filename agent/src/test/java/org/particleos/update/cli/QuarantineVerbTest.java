package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Version 1 runs; version 2 is offered, was tried three times and did not come up. */
class QuarantineVerbTest {
  @TempDir Path home;
  private Premises premises;

  @BeforeEach
  void fallenBack() throws IOException {
    premises =
        Premises.at(home)
            .running("1")
            .transfer(
                "10-os",
                """
                [Source]
                Type=regular-file
                Path=/srv/os
                MatchPattern=os_@v.efi
                [Target]
                Type=regular-file
                Path=/var/os
                MatchPattern=os_@v+@l-@d.efi os_@v.efi
                TriesLeft=3
                TriesDone=0
                """)
            .file("/srv/os/os_2.efi", "two")
            .file("/var/os/os_1.efi", "one")
            .file("/var/os/os_2+0-3.efi", "two");
  }

  @Test
  void statusTellsWhatHappened() {
    String text = premises.run("status").out();

    assertTrue(text.startsWith("running    1\ninstalled  1\nfailed     version 2 did not"), text);
    assertTrue(text.contains("in 3 tries; back on version 1"), text);
    assertTrue(text.contains("os_2+0-3.efi"), text);
    assertTrue(text.contains("did not come up, tries used up"), text);
    assertTrue(text.endsWith("particle-update check\n"), text);
  }

  @Test
  void checkAndListPassItOver() {
    CapturedRun check = premises.run("check");

    assertEquals(3, check.status());
    assertTrue(check.out().contains("not again  version 2 did not come up"), check.out());
    assertTrue(check.out().contains("nothing newer"), check.out());
    assertTrue(premises.run("list").out().contains("installed+quarantined"));
    assertTrue(premises.run("list", "2").out().contains("(quarantined)"));
    assertEquals(1, premises.run("check-new").status());
  }

  @Test
  void itIsListedAndLifted() throws IOException {
    assertEquals(0, premises.run("apply").status());
    assertTrue(premises.run("quarantine").out().contains("(noticed "));

    CapturedRun lifted = premises.run("lift-quarantine", "2");

    assertEquals(0, lifted.status(), lifted.err());
    assertEquals(List.of("os_1.efi", "os_2+3-0.efi"), premises.names("/var/os"));
    assertEquals("No version is in quarantine.\n", premises.run("quarantine").out());
    assertTrue(premises.run("history").out().contains("lift-quarantine"));
  }

  @Test
  void whatIsNotInQuarantineCannotBeLifted() {
    assertEquals(12, premises.run("lift-quarantine", "1").status());
  }

  @Test
  void aHealthCheckThatFailsIsToldLater() throws IOException {
    premises.running("2");
    Path check = Files.createDirectories(home.resolve("health.d")).resolve("10-net");
    Files.writeString(check, "#!/bin/sh\necho no route; exit 1\n");
    assertTrue(check.toFile().setExecutable(true));

    CapturedRun health = premises.run("health");
    premises.running("1");

    assertEquals(14, health.status(), health.err());
    assertTrue(health.out().contains("health check 10-net failed"), health.out());
    String text = premises.run("status").out();
    assertTrue(text.contains("reason: health check 10-net: exit status 1: no route"), text);
  }

  @Test
  void healthNeedsNeitherDefinitionsNorAPlaceForItsState() throws IOException {
    Files.delete(premises.at("/etc/sysupdate.d/10-os.transfer"));
    premises.file(home.resolve("state").toString(), "a file in the way");

    CapturedRun health = premises.run("health");

    assertEquals(0, health.status(), health.err());
    assertEquals("There are no health checks.\n", health.out());
    assertTrue(health.err().contains("not written down"), health.err());
  }
}
