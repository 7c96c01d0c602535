package org.particleos.update.archive;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.particleos.update.demo.Tool;

/**
 * The daemon at work on a system below a folder, with a message bus of its own: from its start over
 * the first questions of a desktop and of the command line to its end. It does nothing by itself
 * meanwhile, so that no worker writes its classes over those of the daemon.
 */
final class DaemonTraining {
  private static final String BUS = "dbus-daemon";

  /** Longer than the daemon needs on a slow machine to start or to end. */
  private static final long SECONDS_MAX = 60;

  /** What it writes when it takes requests. */
  private static final String RUNS = " runs";

  private final Path program;
  private final Path folder;
  private final Map<String, String> environment;

  /**
   * Prepares it.
   *
   * @param program the launcher of the distribution
   * @param folder empty
   * @param environment of the daemon and of the command line that asks it
   */
  DaemonTraining(Path program, Path folder, Map<String, String> environment) {
    this.program = program;
    this.folder = folder;
    this.environment = environment;
  }

  /** Whether there is what it needs. */
  static boolean possible() {
    return Tool.find(BUS).isPresent();
  }

  /** Where the classes are: of the daemon, then of the command line. */
  List<Path> run() throws IOException {
    Path root = system();
    Path daemonClasses = folder.resolve("daemon-classes");
    Path commandClasses = folder.resolve("command-classes");
    Process bus = bus();
    try {
      String address = line(bus);
      Process daemon = start(address, daemonClasses, "--root=" + root, "daemon");
      try {
        awaitStart(daemon);
        if (Tool.find("busctl").isPresent()) {
          ask(address);
        }
        Process command = start(address, commandClasses, "--daemon=yes", "status");
        command.getErrorStream().transferTo(OutputStream.nullOutputStream());
        end(command); // others than root may be refused: that is a way to go as well
      } finally {
        // By its handle, which leaves its streams open: they tell when it has ended.
        boolean _ = daemon.toHandle().destroy();
      }
      daemon.getErrorStream().transferTo(OutputStream.nullOutputStream());
      end(daemon);
    } finally {
      bus.destroy();
    }
    List<Path> lists = new ArrayList<>();
    for (Path list : List.of(daemonClasses, commandClasses)) {
      if (Files.exists(list)) {
        lists.add(list);
      }
    }
    return lists;
  }

  private Path system() throws IOException {
    Path root = folder.resolve("root");
    Path etc = Files.createDirectories(root.resolve("etc"));
    Files.writeString(etc.resolve("os-release"), "ID=training\nIMAGE_VERSION=1\n");
    Files.writeString(etc.resolve("machine-id"), "0123456789abcdef0123456789abcdef\n");
    Files.writeString(
        Files.createDirectories(etc.resolve("particle-update")).resolve("agent.conf"),
        "[Agent]\nUpTo=none\n");
    Path target = Files.createDirectories(root.resolve("srv"));
    Files.writeString(target.resolve("a_1"), "1");
    Files.writeString(
        Files.createDirectories(root.resolve("usr/lib/sysupdate.d")).resolve("10-a.transfer"),
        """
        [Source]
        Type=url-file
        Path=http://127.0.0.1:1/
        MatchPattern=a_@v

        [Target]
        Type=regular-file
        Path=/srv
        MatchPattern=a_@v
        """);
    return root;
  }

  private Process bus() throws IOException {
    Path configuration =
        Files.writeString(
            folder.resolve("bus.conf"),
            """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
              "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <listen>unix:tmpdir=/tmp</listen>
              <auth>EXTERNAL</auth>
              <policy context="default">
                <allow user="*"/>
                <allow own="*"/>
                <allow send_destination="*"/>
                <allow receive_sender="*"/>
              </policy>
            </busconfig>
            """);
    return new ProcessBuilder(
            BUS, "--nofork", "--nopidfile", "--print-address", "--config-file=" + configuration)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private Process start(String address, Path classes, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().putAll(environment);
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().put("DBUS_SYSTEM_BUS_ADDRESS", address);
    builder.environment().put("PARTICLE_UPDATE_RUN_DIRECTORY", folder.resolve("run").toString());
    builder.environment().put("PARTICLE_UPDATE_JAVA_OPTIONS", "-XX:DumpLoadedClassList=" + classes);
    return builder.start();
  }

  private static String line(Process bus) throws IOException {
    String address = bus.inputReader().readLine();
    if (address == null) {
      throw new IOException("the message bus did not start");
    }
    return address;
  }

  /** Only the daemon itself knows when it takes requests; it says so, or ends. */
  private static void awaitStart(Process daemon) throws IOException {
    BufferedReader said = daemon.errorReader();
    var all = new StringBuilder();
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      if (line.endsWith(RUNS)) {
        return;
      }
      all.append(line).append('\n');
    }
    throw new IOException("the daemon did not start:\n" + all);
  }

  /** The first questions of a desktop. */
  private void ask(String address) throws IOException {
    String service = "org.freedesktop.sysupdate1";
    String object = "/org/freedesktop/sysupdate1";
    for (List<String> words :
        List.of(
            List.of("call", service, object, service + ".Manager", "ListTargets"),
            List.of("call", service, object + "/target/host", service + ".Target", "GetVersion"),
            List.of("call", service, object + "/target/host", service + ".Target", "GetAppStream"),
            List.of("introspect", service, object + "/target/host"))) {
      List<String> command = new ArrayList<>(List.of("busctl", "--address=" + address));
      command.addAll(words);
      Tool.Result result = Tool.call(folder, environment, "", command.toArray(String[]::new));
      if (result.status() != 0) {
        throw new IOException(String.join(" ", command) + " failed:\n" + result.output());
      }
    }
  }

  private static void end(Process process) throws IOException {
    try {
      if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException("a process of the training did not end");
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted in the training", e);
    }
  }
}
