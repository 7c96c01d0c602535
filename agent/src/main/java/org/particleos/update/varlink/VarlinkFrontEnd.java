package org.particleos.update.varlink;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.particleos.update.linux.UnixConnection;
import org.particleos.update.service.Authority;
import org.particleos.update.service.FeatureReads;
import org.particleos.update.service.FrontEnd;
import org.particleos.update.service.ServiceContext;

/**
 * The daemon over Varlink, at {@code /run/systemd/io.systemd.SysUpdate} (dbus-varlink.md 9.1). One
 * process serves all connections, where the reference starts one for each.
 */
public final class VarlinkFrontEnd implements FrontEnd {
  /** Below {@code /run}. */
  static final String SOCKET = "systemd/io.systemd.SysUpdate";

  private final Authority authority;
  private Optional<Running> running = Optional.empty();

  private record Running(Endpoint endpoint, Server server) {}

  public VarlinkFrontEnd(Authority authority) {
    this.authority = authority;
  }

  @Override
  public String name() {
    return "Varlink";
  }

  @Override
  public synchronized void start(ServiceContext context, Lost lost) throws IOException {
    Path path = context.machine().runDirectory().resolve(SOCKET);
    var endpoint =
        Endpoint.open(context.machine().environment(), ProcessHandle.current().pid(), path);
    try {
      var server =
          new Server(
              endpoint.listener(),
              service(context),
              Limits.defaults(),
              System::nanoTime,
              context.log()::warning,
              lost);
      server.start();
      running = Optional.of(new Running(endpoint, server));
    } catch (IOException | RuntimeException | Error failed) {
      endpoint.listener().close();
      endpoint.remove();
      throw failed;
    }
  }

  private VarlinkService service(ServiceContext context) {
    var permission = new Permission(authority, UnixConnection.ownUser());
    var targets = new FreshTargets(context.targets(), System::nanoTime);
    var features = new FeatureReads(context.machine(), context.jobs());
    return new VarlinkService(
        context.programVersion(),
        List.of(
            SysUpdate.of(targets, context.jobs(), features, permission),
            Update1.of(
                targets,
                context.jobs(),
                permission,
                () -> context.agent().state().failedVersions()),
            VarlinkInterface.described("io.systemd", Map.of())));
  }

  @Override
  public synchronized void close() {
    running.ifPresent(started -> {
      started.server().close();
      try {
        started.endpoint().remove();
      } catch (IOException _) {
        // What stays behind is cleared away by the next start.
      }
    });
    running = Optional.empty();
  }
}
