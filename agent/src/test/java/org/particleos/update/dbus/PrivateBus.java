package org.particleos.update.dbus;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A message bus of the test's own, with its own socket; ends with the test. */
final class PrivateBus implements AutoCloseable {
  private final Process daemon;
  private final String address;

  private PrivateBus(Process daemon, String address) {
    this.daemon = daemon;
    this.address = address;
  }

  /**
   * Starts one; skips the test where there is no dbus-daemon.
   *
   * @param rules of the bus's policy, after "everything is allowed"
   */
  static PrivateBus in(Path directory, String rules) throws IOException {
    Path configuration =
        Files.writeString(
            directory.resolve("bus.conf"),
            """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
              "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <listen>unix:path=%s</listen>
              <auth>EXTERNAL</auth>
              <policy context="default">
                <allow user="*"/>
                <allow own="*"/>
                <allow send_destination="*"/>
                <allow send_requested_reply="true"/>
                <allow receive_requested_reply="true"/>
                <allow receive_sender="*"/>
                %s
              </policy>
            </busconfig>
            """
                .formatted(directory.resolve("bus"), rules));
    Process daemon;
    try {
      daemon =
          new ProcessBuilder(
                  "dbus-daemon",
                  "--nofork",
                  "--nopidfile",
                  "--print-address",
                  "--config-file=" + configuration)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
    } catch (IOException missing) {
      assumeTrue(false, "dbus-daemon is not installed: " + missing.getMessage());
      throw missing;
    }
    String address = daemon.inputReader().readLine();
    if (address == null) {
      throw new IOException("the bus did not start");
    }
    return new PrivateBus(daemon, address);
  }

  String address() {
    return address;
  }

  /** Ends it, and waits until its socket is gone. */
  void stop() throws InterruptedException {
    daemon.destroy();
    daemon.waitFor();
  }

  @Override
  public void close() {
    daemon.destroy();
  }
}
