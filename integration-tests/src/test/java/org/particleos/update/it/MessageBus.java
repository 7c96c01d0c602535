package org.particleos.update.it;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.particleos.update.demo.Tool;

/** A message bus of the test's own, which all users of the machine reach; ends with the test. */
final class MessageBus implements AutoCloseable {
  /** Everybody may do everything. */
  static final String OPEN =
      """
      <policy context="default">
        <allow user="*"/>
        <allow own="*"/>
        <allow send_destination="*"/>
        <allow receive_sender="*"/>
      </policy>
      """;

  private final Process daemon;
  private final String address;

  private MessageBus(Process daemon, String address) {
    this.daemon = daemon;
    this.address = address;
  }

  /**
   * Starts one, with its socket in that folder.
   *
   * @param policy elements of dbus-daemon(1)'s configuration that say who may do what
   */
  static MessageBus in(Path folder, String policy) throws IOException, InterruptedException {
    Packages.toolNeeded("dbus-daemon");
    Tool.run(folder, "chmod", "755", folder.toString());
    Path configuration =
        Files.writeString(
            folder.resolve("bus.conf"),
            """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <type>system</type>
              <listen>unix:path=%s</listen>
              <auth>EXTERNAL</auth>
              %s
            </busconfig>
            """
                .formatted(folder.resolve("bus"), policy));
    Process daemon =
        new ProcessBuilder(
                "dbus-daemon",
                "--config-file=" + configuration,
                "--nofork",
                "--nopidfile",
                "--print-address")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String address = String.valueOf(daemon.inputReader(StandardCharsets.UTF_8).readLine());
    if (!address.startsWith("unix:path=")) {
      daemon.destroyForcibly();
      throw new AssertionError("the bus did not start: " + address);
    }
    return new MessageBus(daemon, address);
  }

  String address() {
    return address;
  }

  @Override
  public void close() {
    daemon.destroy();
    daemon.onExit().orTimeout(1, TimeUnit.MINUTES).join();
  }
}
