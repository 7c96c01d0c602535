package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Updater.Goal;

/** Cleaning up after definitions that are gone, through the engine (update-algorithm.md 15). */
class OrphansTest {
  private static final String RECORDS = "/var/lib/state/installdb";

  @TempDir Path home;
  private SmallSystem system;

  @BeforeEach
  void start() throws Exception {
    system = new SmallSystem(home);
    system.transfer("10-os", SmallSystem.plainFiles("os")).offers("os", "1");
    system.transfer("20-more", SmallSystem.plainFiles("more")).offers("more", "1");
    system.component("app", "10-app", SmallSystem.plainFiles("app")).offers("app", "5");
    system.apply();
    system.apply(system.settingsOf("app"), Goal.UPDATE);
  }

  private void undefine(String path) throws IOException {
    Files.delete(system.at(path));
  }

  private List<String> removed() {
    return system.events().stream()
        .filter(UpdateEvent.RemovedOrphan.class::isInstance)
        .map(event -> ((UpdateEvent.RemovedOrphan) event).path())
        .toList();
  }

  @Test
  void withEveryDefinitionInPlaceNothingGoes() throws Exception {
    assertEquals(2, system.names(RECORDS).size());

    system.cleanup(system.settings());

    assertEquals(List.of(), removed());
    assertEquals(2, system.names(RECORDS).size());
    assertEquals(List.of("os_1"), system.names("/var/os"));
  }

  @Test
  void withoutItsDefinitionAFileAndItsRecordGo() throws Exception {
    undefine("/etc/sysupdate.d/20-more.transfer");
    system.file("/var/more/other", "not of a transfer");

    system.cleanup(system.settings());

    assertEquals(List.of(system.at("/var/more/more_1").toString()), removed());
    assertEquals(List.of("other"), system.names("/var/more"));
    assertEquals(List.of("os_1"), system.names("/var/os"));
    assertEquals(1, system.names(RECORDS).size());
  }

  @Test
  void withAllDefinitionsGoneAllOfItGoes() throws Exception {
    undefine("/etc/sysupdate.d/10-os.transfer");
    undefine("/etc/sysupdate.d/20-more.transfer");

    system.cleanup(system.settings());

    assertEquals(2, removed().size());
    assertEquals(List.of(), system.names("/var/os"));
    assertEquals(List.of(), system.names(RECORDS));
    assertEquals(List.of("app_5"), system.names("/var/app"));
  }

  @Test
  void aComponentHasRecordsOfItsOwnWhichOutliveItsDefinitions() throws Exception {
    undefine("/etc/sysupdate.app.d/10-app.transfer");
    undefine("/etc/sysupdate.app.d");

    assertEquals(List.of("app"), Updater.componentsWithRecords(system.machine()));
    system.cleanup(system.settingsOf("app"));

    assertEquals(List.of(system.at("/var/app/app_5").toString()), removed());
    assertEquals(List.of("os_1"), system.names("/var/os"));
    assertEquals(List.of(), system.names(RECORDS + ".app"));
  }

  @Test
  void theRunningVersionStaysAlsoWithoutDefinition() throws Exception {
    system.running("1");
    undefine("/etc/sysupdate.d/20-more.transfer");

    system.cleanup(system.settings());

    assertEquals(List.of("more_1"), system.names("/var/more"));
    assertEquals(2, system.names(RECORDS).size());
  }

  @Test
  void whatADisabledTransferInstalledIsAnOrphan() throws Exception {
    system.transfer("20-more", SmallSystem.plainFiles("more") + "[Transfer]\nFeatures=extra\n");

    system.cleanup(system.settings());

    assertEquals(List.of(), system.names("/var/more"));
  }

  @Test
  void whatIsNoRecordIsDroppedWithAWarning() throws Exception {
    Files.createSymbolicLink(system.at(RECORDS + "/strange"), Path.of("/var/os/./os_@v"));

    system.cleanup(system.settings());

    assertEquals(2, system.names(RECORDS).size());
    assertEquals(1, system.warnings().size());
    assertEquals(List.of("os_1"), system.names("/var/os"));
  }

  @Test
  void aDefinitionThatCannotBeReadKeepsEverything() throws Exception {
    system.transfer("20-more", "[Source]\nType=nonsense\n");

    var refused =
        assertThrows(UpdateException.Configuration.class, () -> system.cleanup(system.settings()));

    assertEquals(Reason.DEFINITION_INVALID, refused.reason());
    assertTrue(Files.exists(system.at("/var/more/more_1")));
  }
}
