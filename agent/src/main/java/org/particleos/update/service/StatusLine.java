package org.particleos.update.service;

import java.time.ZoneId;
import org.particleos.update.policy.LocalText;

/** What the service manager shows of the daemon in one line ({@code STATUS=} of sd_notify(3)). */
final class StatusLine {
  private StatusLine() {}

  static String of(AgentState now, ZoneId zone) {
    String pending = now.pending().map(version -> " " + version).orElse("");
    return switch (now.phase()) {
      case IDLE ->
          "Up to date"
              + now.installed().map(version -> " with version " + version).orElse("")
              + now.nextCheck().map(next -> "; next check " + LocalText.of(next, zone)).orElse("")
              + ".";
      case CHECKING -> "Looking for updates.";
      case DOWNLOADING -> "Downloading" + percent(now) + ".";
      case VERIFYING -> "Verifying.";
      case INSTALLING -> "Installing" + pending + ".";
      case WAITING_FOR_WINDOW, FAILED ->
          now.waitingFor().isEmpty()
              ? now.failure().map(RunFailure::message).orElse("Waiting.")
              : now.waitingFor().getFirst();
      case WAITING_FOR_REBOOT -> "Version" + pending + " waits for a restart.";
    };
  }

  private static String percent(AgentState now) {
    if (now.progress().isEmpty() || now.progress().get().total().isEmpty()) {
      return "";
    }
    var progress = now.progress().get();
    long total = progress.total().getAsLong();
    return total <= 0 ? "" : " (" + Math.min(100, progress.done() * 100 / total) + " %)";
  }
}
