package org.particleos.update.history;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Who wanted a run.
 *
 * @param uid of the user; -1 if that cannot be told
 */
public record Asker(By by, long uid) {
  /** How the run came to be. */
  public enum By {
    COMMAND_LINE("command-line"),
    /** A unit of the service manager, as a timer starts it. */
    SERVICE("service"),
    /** The daemon, for itself or for somebody else. */
    DAEMON("daemon");

    private final String text;

    By(String text) {
      this.text = text;
    }

    public String text() {
      return text;
    }
  }

  /**
   * This process's own.
   *
   * @param worker whether the daemon started it
   * @param asker for whom the daemon did
   */
  public static Asker ofProcess(
      Map<String, String> environment, boolean worker, OptionalLong asker) {
    By by =
        worker
            ? By.DAEMON
            // Shells inherit the variable as well; only the service itself is what it names.
            : String.valueOf(ProcessHandle.current().pid())
                    .equals(environment.get("SYSTEMD_EXEC_PID"))
                ? By.SERVICE
                : By.COMMAND_LINE;
    return new Asker(by, asker.isPresent() ? asker.getAsLong() : own());
  }

  private static long own() {
    try {
      return ((Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid")).longValue();
    } catch (IOException | UnsupportedOperationException _) {
      return -1;
    }
  }
}
