package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.definition.Checks;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.VersionSets.View;
import org.particleos.update.update.Updater.Goal;

/** What a component has of its own, and where definitions and sources are taken from. */
class ComponentTest {
  @TempDir Path home;
  private SmallSystem system;

  @BeforeEach
  void start() throws Exception {
    system = new SmallSystem(home);
    system.component("app", "10-app", SmallSystem.plainFiles("app")).offers("app", "1", "2");
  }

  private Overview overview(Settings settings) throws UpdateException {
    try (Updater updater = system.updater(settings)) {
      return updater.overview(View.ONLINE);
    }
  }

  @Test
  void aDisabledComponentIsLookedAtButNotUpdated() throws Exception {
    system.file("/etc/sysupdate.app.component", "[Component]\nEnabled=no\n");
    Settings app = system.settingsOf("app");

    var refused =
        assertThrows(UpdateException.Configuration.class, () -> system.apply(app, Goal.UPDATE));

    assertEquals(Reason.COMPONENT_DISABLED, refused.reason());
    assertEquals("Component is disabled.", refused.getMessage());
    assertEquals("nothing was changed", refused.state().orElseThrow());
    assertThrows(UpdateException.Configuration.class, () -> system.apply(app, Goal.ACQUIRE));
    assertEquals("2", overview(app).sets().candidate().orElseThrow().version().text());
    system.choosing(app).vacuum();
    system.cleanup(app);
    assertEquals(List.of(), system.names("/var/app"));
  }

  @Test
  void anEnabledComponentIsUpdatedByItself() throws Exception {
    system.transfer("10-os", SmallSystem.plainFiles("os")).offers("os", "7");

    assertInstanceOf(Outcome.Installed.class, system.apply(system.settingsOf("app"), Goal.UPDATE));

    assertEquals(List.of("app_2"), system.names("/var/app"));
    assertEquals(List.of(), system.names("/var/os"));
  }

  @Test
  void aComponentWithoutTransfersSaysSo() throws Exception {
    Files.createDirectories(system.at("/usr/lib/sysupdate.bare.d"));

    var refused =
        assertThrows(
            UpdateException.Configuration.class,
            () -> system.apply(system.settingsOf("bare"), Goal.UPDATE));

    assertEquals(Reason.NO_DEFINITIONS, refused.reason());
    assertTrue(
        String.valueOf(refused.getMessage()).contains("component \"bare\""), refused.getMessage());
  }

  @Test
  void theRunningVersionIsTheSystemsAndNotTheComponents() throws Exception {
    system.running("1").transfer("10-os", SmallSystem.plainFiles("os")).offers("os", "3");
    for (String name : List.of("os", "app")) {
      system.file("/var/" + name + "/" + name + "_1", "1");
      system.file("/var/" + name + "/" + name + "_2", "2");
      system.file("/var/" + name + "/" + name + "_2.5", "2.5");
    }
    system.offers("app", "3");
    Settings app = system.settingsOf("app");

    assertEquals(Optional.of("1"), overview(system.settings()).bootedVersion());
    assertEquals(Optional.empty(), overview(app).bootedVersion());
    system.apply();
    system.apply(app, Goal.UPDATE);

    assertEquals(List.of("os_1", "os_2.5", "os_3"), system.names("/var/os"));
    assertEquals(List.of("app_2", "app_2.5", "app_3"), system.names("/var/app"));
  }

  @Test
  void aSourceRelativeToAnExplicitPlaceNeedsToBeToldIt() throws Exception {
    system.transfer(
        "10-os",
        """
        [Source]
        Type=regular-file
        Path=/images
        PathRelativeTo=explicit
        MatchPattern=os_@v
        [Target]
        Type=regular-file
        Path=/var/os
        """);
    Path stick = home.resolve("stick");
    Files.createDirectories(stick.resolve("images"));
    Files.writeString(stick.resolve("images/os_4"), "from the stick");
    var told =
        new Settings(
            system.settings().place(),
            Optional.of(false),
            OptionalLong.empty(),
            true,
            Optional.of(stick),
            false,
            true,
            Checks.defaults());

    var refused = assertThrows(UpdateException.Configuration.class, system::apply);
    assertEquals(Reason.DEFINITION_INVALID, refused.reason());
    assertInstanceOf(Outcome.Installed.class, system.apply(told, Goal.UPDATE));

    assertEquals("from the stick", Files.readString(system.at("/var/os/os_4")));
  }
}
