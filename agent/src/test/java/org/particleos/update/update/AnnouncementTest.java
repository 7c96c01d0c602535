package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.linux.TreeRemoval;
import org.particleos.update.update.Updater.Goal;

/** Which runs other programs are told of (update-algorithm.md 16). */
class AnnouncementTest {
  private static final String METHOD =
      "{\"method\":\"io.systemd.SysUpdate.Notify.OnCompletedUpdate\",\"parameters\":";

  private Path home;
  private SmallSystem system;
  private Hook hook;

  @BeforeEach
  void start() throws IOException {
    home = Files.createTempDirectory(Path.of("/tmp"), "pu"); // a socket has a short path
    system = new SmallSystem(home);
    system.transfer("10-os", SmallSystem.plainFiles("os")).offers("os", "1");
    system.transfer("20-more", SmallSystem.plainFiles("more")).offers("more", "1");
    hook = Hook.on(system, Hook.saying("{}\0"));
  }

  @AfterEach
  void stop() throws IOException {
    hook.close();
    TreeRemoval.remove(new UnhurriedKernel(), home);
  }

  private String installed(String version) {
    return METHOD
        + "{\"version\":\""
        + version
        + "\",\"resources\":[{\"transfer\":\"10-os\",\"path\":\""
        + system.at("/var/os/os_" + version)
        + "\"},{\"transfer\":\"20-more\",\"path\":\""
        + system.at("/var/more/more_" + version)
        + "\"}]}}";
  }

  @Test
  void anInstallationIsToldOnceWithVersionAndResources() throws Exception {
    system.apply();

    assertEquals(List.of(installed("1")), hook.requests());
    assertEquals(List.of(), system.warnings());
  }

  @Test
  void onlyWhatWasInstalledInThisRunIsNamed() throws Exception {
    system.apply();
    Files.delete(system.at("/var/more/more_1"));

    system.apply();

    assertEquals(
        METHOD
            + "{\"version\":\"1\",\"resources\":[{\"transfer\":\"20-more\",\"path\":\""
            + system.at("/var/more/more_1")
            + "\"}]}}",
        hook.requests().getLast());
    assertEquals(2, hook.requests().size());
  }

  @Test
  void acquiringIsNotToldAndInstallingLaterIs() throws Exception {
    system.apply(Goal.ACQUIRE);
    assertEquals(List.of(), hook.requests());
    system.apply(Goal.INSTALL_OFFLINE);

    assertEquals(List.of(installed("1")), hook.requests());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "perhaps"})
  void aRunThatInstalledNothingIsNotTold(String forced) throws Exception {
    system.apply();
    system.env("SYSTEMD_SYSUPDATE_FORCE_NOTIFY", forced);

    assertEquals(new Outcome.NoUpdate(), system.apply());

    assertEquals(1, hook.requests().size());
  }

  @Test
  void unlessThatIsForcedAndThenWithoutVersionAndResources() throws Exception {
    system.apply();
    system.env("SYSTEMD_SYSUPDATE_FORCE_NOTIFY", "1");

    assertEquals(new Outcome.NoUpdate(), system.apply());
    system.apply(Goal.ACQUIRE);

    assertEquals(List.of(installed("1"), METHOD + "{}}"), hook.requests());
  }

  @Test
  void aComponentIsNamed() throws Exception {
    system.component("app", "10-app", SmallSystem.plainFiles("app")).offers("app", "5");

    system.apply(system.settingsOf("app"), Goal.UPDATE);

    assertEquals(1, hook.requests().size());
    assertTrue(
        hook.requests().getFirst().startsWith(METHOD + "{\"component\":\"app\",\"version\":\"5\","),
        hook.requests().getFirst());
  }

  @Test
  void ofASystemThatIsNotTheRunningOneNothingIsTold() throws Exception {
    system.belowRoot().env("SYSTEMD_SYSUPDATE_FORCE_NOTIFY", "1");

    assertInstanceOf(Outcome.Installed.class, system.apply());
    assertEquals(new Outcome.NoUpdate(), system.apply());

    assertEquals(List.of(), hook.requests());
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"error\":\"io.systemd.System\"}\0", "nonsense\0", ""})
  void aHookThatFailsIsAWarningAndNoFailure(String answer) throws Exception {
    hook.close();
    Files.delete(system.runDirectory().resolve("systemd/sysupdate/notify/hook"));
    hook = Hook.on(system, Hook.saying(answer));

    assertInstanceOf(Outcome.Installed.class, system.apply());

    assertEquals(1, system.warnings().size(), system.warnings().toString());
    assertEquals(List.of("os_1"), system.names("/var/os"));
  }

  @Test
  void aHookThatNeverAnswersIsGivenUpWhenTheRunIsInterrupted() throws Exception {
    hook.close();
    Files.delete(system.runDirectory().resolve("systemd/sysupdate/notify/hook"));
    Thread updating = Thread.currentThread();
    hook =
        Hook.on(
            system,
            connection -> {
              updating.interrupt();
              connection.read(ByteBuffer.allocate(1));
            });

    assertInstanceOf(Outcome.Installed.class, system.apply());

    assertTrue(Thread.interrupted(), "the interrupt stays set");
    assertTrue(system.warnings().getFirst().contains("interrupted"), system.warnings().toString());
  }
}
