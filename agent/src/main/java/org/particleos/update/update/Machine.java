package org.particleos.update.update;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import org.particleos.update.disk.DiskLocator;
import org.particleos.update.install.InstallDatabase;
import org.particleos.update.linux.Kernel;
import org.particleos.update.spool.SpoolPolicy;

/**
 * The world the engine works on, so that tests can bring another one.
 *
 * @param root where the operating system is; {@code /} on a running machine
 * @param scope whether that is the running system, one below a directory or one in an image
 * @param environment the process's environment variables
 * @param lockDirectory where locks between processes are kept
 * @param runDirectory {@code /run}, where other programs leave their sockets
 * @param stateDirectory where it is remembered what was installed; absolute inside the root
 * @param spool what is kept of interrupted downloads, and where
 */
public record Machine(
    Kernel kernel,
    InstantSource clock,
    Map<String, String> environment,
    Path root,
    DiskLocator.Scope scope,
    Path lockDirectory,
    Path runDirectory,
    Path stateDirectory,
    SpoolPolicy spool) {
  private static final Path OWN_STATE = Path.of("/var/lib/particle-update");

  public Machine {
    environment = Map.copyOf(environment);
  }

  /** The running one, which keeps nothing of interrupted downloads. */
  public static Machine running(
      Kernel kernel, InstantSource clock, Map<String, String> environment, Path lockDirectory) {
    return new Machine(
        kernel,
        clock,
        environment,
        Path.of("/"),
        new DiskLocator.Scope.Host(),
        lockDirectory,
        Path.of("/run"),
        InstallDatabase.PARENT,
        SpoolPolicy.off());
  }

  /** The same with what was installed remembered elsewhere. */
  public Machine remembering(Path directory) {
    return new Machine(
        kernel, clock, environment, root, scope, lockDirectory, runDirectory, directory, spool);
  }

  /** The same with interrupted downloads kept like that. */
  public Machine spooling(SpoolPolicy policy) {
    return new Machine(
        kernel,
        clock,
        environment,
        root,
        scope,
        lockDirectory,
        runDirectory,
        stateDirectory,
        policy);
  }

  /** An operating system below a directory of this machine ({@code --root=}). */
  public Machine below(Path directory) {
    return in(directory, new DiskLocator.Scope.Root());
  }

  /**
   * An operating system in a mounted disk image ({@code --image=}).
   *
   * @param device the block device of the image
   */
  public Machine inImage(Path mountPoint, Path device) {
    return in(mountPoint, new DiskLocator.Scope.Image(device));
  }

  private Machine in(Path newRoot, DiskLocator.Scope newScope) {
    return new Machine(
        kernel,
        clock,
        environment,
        newRoot,
        newScope,
        lockDirectory,
        runDirectory,
        stateDirectory,
        spool);
  }

  /**
   * Where this program keeps what it can do without, absolute inside the root. Beside what was
   * installed where tests have moved that.
   */
  public Path ownStateDirectory() {
    return stateDirectory.equals(InstallDatabase.PARENT)
        ? OWN_STATE
        : stateDirectory.resolve(OWN_STATE.getFileName());
  }

  /** Whether changes concern the system that is running. */
  public boolean isRunning() {
    return switch (scope) {
      case DiskLocator.Scope.Host() -> true;
      case DiskLocator.Scope.Root(), DiskLocator.Scope.Image _ -> false;
    };
  }
}
