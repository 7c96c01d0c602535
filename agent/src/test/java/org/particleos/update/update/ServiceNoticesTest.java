package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.notify.RecordedNotices;
import org.particleos.update.update.Updater.Goal;

/** What the service manager is told during whole runs (update-algorithm.md 17). */
class ServiceNoticesTest {
  private static final String READY = "READY=1,X_SYSUPDATE_VERSION=2,STATUS=";

  @TempDir Path home;
  private final List<String> messages = new ArrayList<>();
  private final List<UpdateEvent> handedOn = new ArrayList<>();
  private SmallSystem system;

  @BeforeEach
  void start() throws IOException {
    system = new SmallSystem(home);
    system.transfer("10-os", SmallSystem.plainFiles("os")).offers("os", "2");
    system.transfer("20-more", SmallSystem.plainFiles("more")).offers("more", "2");
    system.watchedBy(new ServiceNotices(RecordedNotices.into(messages), handedOn::add));
  }

  private static String progress(int percent, int left, int done) {
    return "X_SYSUPDATE_PROGRESS="
        + percent
        + ",X_SYSUPDATE_TRANSFERS_LEFT="
        + left
        + ",X_SYSUPDATE_TRANSFERS_DONE="
        + done
        + ",STATUS=Updating to '2' ("
        + percent
        + "% complete).";
  }

  private static final List<String> ACQUIRING =
      List.of(
          READY + "Making room for '2'.",
          "STATUS=Updating to '2'.",
          progress(0, 2, 0),
          progress(50, 2, 0),
          progress(50, 1, 1),
          progress(100, 1, 1));

  @Test
  void anUpdateTellsReadinessProgressAndTheEnd() throws Exception {
    system.apply();

    List<String> expected = new ArrayList<>(ACQUIRING);
    expected.add(READY + "Installing '2'.");
    expected.add("STATUS=Installed '2'.");
    assertEquals(expected, messages);
    assertEquals(system.events(), handedOn);
  }

  @Test
  void acquiringAndInstallingEachTellReadiness() throws Exception {
    system.apply(Goal.ACQUIRE);
    assertEquals(ACQUIRING, messages);
    messages.clear();
    system.apply(Goal.ACQUIRE);
    assertEquals(List.of(READY + "'2' is here already."), messages); // H-14
    messages.clear();
    system.apply(Goal.INSTALL_OFFLINE);

    assertEquals(List.of(READY + "Installing '2'.", "STATUS=Installed '2'."), messages);
  }

  @Test
  void aRunWithNothingToDoTellsNothing() throws Exception {
    system.apply();
    messages.clear();

    system.apply();

    assertEquals(List.of(), messages);
  }
}
