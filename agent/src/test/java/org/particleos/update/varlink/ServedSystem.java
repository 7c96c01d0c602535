package org.particleos.update.varlink;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.linux.UnixListener;
import org.particleos.update.service.Authority;
import org.particleos.update.service.Caller;
import org.particleos.update.service.FeatureReads;
import org.particleos.update.service.Jobs;
import org.particleos.update.service.Targets;
import org.particleos.update.update.Machine;

/**
 * A system below a directory, with its interfaces, workers that are played, and a polkit that is.
 */
final class ServedSystem implements AutoCloseable {
  private static final String TRANSFER =
      """
      [Transfer]
      Verify=no
      Features=%s

      [Source]
      Type=url-file
      Path=http://127.0.0.1:1/
      MatchPattern=os_@v.efi

      [Target]
      Type=regular-file
      Path=/srv
      MatchPattern=os_@v.efi
      """;

  /** What polkit was asked. */
  record Question(Caller caller, String action, Map<String, String> details, boolean interactive) {}

  final PlayedWorkers workers = new PlayedWorkers();
  final Jobs jobs = new Jobs(workers);
  final List<String> warnings = Collections.synchronizedList(new ArrayList<>());
  final List<Question> questions = Collections.synchronizedList(new ArrayList<>());
  final AtomicLong nanoTime = new AtomicLong();
  final Path socket;
  final VarlinkService service;
  private final Path root;
  private final Server server;
  private volatile Authority.Verdict verdict = Authority.Verdict.ALLOWED;

  private ServedSystem(Path home) throws IOException {
    this.root = Files.createDirectory(home.resolve("root"));
    this.socket = home.resolve("socket");
    file("etc/os-release", "ID=test\n");
    var machine =
        Machine.running(new LinuxKernel(), InstantSource.system(), Map.of(), home).below(root);
    var targets = new FreshTargets(new Targets(machine, this::look, warnings::add), nanoTime::get);
    Authority authority =
        (caller, action, details, interactive) -> {
          questions.add(new Question(caller, action, Map.copyOf(details), interactive));
          return verdict;
        };
    // Nobody is the daemon's own user, so that only root is above polkit.
    var permission = new Permission(authority, -1);
    this.service =
        new VarlinkService(
            "7",
            List.of(
                SysUpdate.of(targets, jobs, new FeatureReads(machine, jobs), permission),
                Update1.of(targets, jobs, permission, () -> Map.of("43", "it did not come up")),
                VarlinkInterface.described("io.systemd", Map.of())));
    this.server =
        new Server(
            UnixListener.bind(socket, 0666),
            service,
            Limits.defaults(),
            System::nanoTime,
            warnings::add,
            warnings::add);
    server.start();
  }

  static ServedSystem at(Path home) throws IOException {
    return new ServedSystem(home);
  }

  /** How polkit decides from now on. */
  void decides(Authority.Verdict next) {
    verdict = next;
  }

  /** An image holds a component if its text says so. */
  private boolean look(Path image) throws IOException {
    String text = Files.readString(image);
    if (text.equals("damaged")) {
      throw new IOException("no file system");
    }
    return text.equals("yes");
  }

  ServedSystem file(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    return this;
  }

  /** Transfers of a default component below a place, of the system itself or one in it. */
  ServedSystem updates(String below) throws IOException {
    return file(below + "usr/lib/sysupdate.d/10-os.transfer", TRANSFER.formatted(""));
  }

  ServedSystem component(String name, String features) throws IOException {
    return file("usr/lib/sysupdate." + name + ".d/10-c.transfer", TRANSFER.formatted(features));
  }

  Path path(String path) {
    return root.resolve(path);
  }

  Client client() throws IOException {
    return Client.at(socket);
  }

  @Override
  public void close() {
    server.close();
    jobs.all().forEach(job -> job.cancel());
  }
}
