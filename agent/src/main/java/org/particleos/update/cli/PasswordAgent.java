package org.particleos.update.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.particleos.update.dbus.UpdateService;

/**
 * Asks at the terminal for the password that polkit wants: pkttyagent(1), started when it is needed
 * and ended with the run. Where a desktop shows a dialogue of its own that one is used.
 */
final class PasswordAgent implements UpdateService.Interaction, AutoCloseable {
  /** It only has to find polkit on the bus. */
  private static final long READY_SECONDS_MAX = 10;

  /** Tells by closing descriptor 3, our pipe, that it is ready; asks at the terminal itself. */
  private static final String SCRIPT =
      "exec pkttyagent --notify-fd 3 --process \"$1\" --fallback 3>&1 1>/dev/null 2>/dev/null";

  private final Terminal terminal;
  private final boolean wanted;
  private @Nullable Process agent;

  PasswordAgent(Terminal terminal, boolean wanted) {
    this.terminal = terminal;
    this.wanted = wanted;
  }

  @Override
  public boolean allowed() {
    return wanted;
  }

  @Override
  public void begin() {
    if (agent != null || !terminal.errIsTerminal()) {
      return;
    }
    try {
      Process started =
          new ProcessBuilder(
                  List.of(
                      "/bin/sh",
                      "-c",
                      SCRIPT,
                      "pkttyagent",
                      String.valueOf(ProcessHandle.current().pid())))
              .redirectInput(ProcessBuilder.Redirect.INHERIT)
              .start();
      agent = started;
      Thread ready = Thread.ofVirtual().start(() -> readToTheEnd(started.getInputStream()));
      ready.join(TimeUnit.SECONDS.toMillis(READY_SECONDS_MAX));
    } catch (IOException _) {
      // Without it polkit refuses, and that is told.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static void readToTheEnd(InputStream in) {
    try {
      in.transferTo(java.io.OutputStream.nullOutputStream());
    } catch (IOException _) {
      // As good as the end.
    }
  }

  @Override
  public void close() {
    if (agent != null) {
      agent.destroy();
    }
  }
}
