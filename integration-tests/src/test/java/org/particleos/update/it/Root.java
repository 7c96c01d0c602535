package org.particleos.update.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.particleos.update.demo.Tool;

/** What only root can set up: small or read-only file systems, block devices, other users. */
final class Root {
  /** A user with no rights at all. */
  static final String NOBODY = "65534";

  private Root() {}

  static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  static void needed(String what) {
    assumeTrue(isRoot(), "only root can " + what);
  }

  /** Runs a program as nobody. */
  static Program asNobody(Program program) {
    return program.through(
        "setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups", "--");
  }

  /** Something of the host that is given back. */
  static final class Mount implements AutoCloseable {
    private final Path point;

    private Mount(Path point) {
      this.point = point;
    }

    /** A file system in memory, over a directory. */
    static Mount memory(Path point, String options) throws IOException {
      Files.createDirectories(point);
      Tool.Result mounted =
          Tool.call(
              point.getParent(),
              java.util.Map.of(),
              "",
              "mount",
              "-t",
              "tmpfs",
              "-o",
              options,
              "particle-update-it",
              point.toString());
      assumeTrue(
          mounted.status() == 0, () -> "this root may not mount anything: " + mounted.output());
      return new Mount(point);
    }

    /** A file system in a file. */
    static Mount image(Path file, Path point) throws IOException {
      Tool.Result mounted =
          Tool.call(
              point.getParent(),
              java.util.Map.of(),
              "",
              "mount",
              "-o",
              "loop",
              file.toString(),
              point.toString());
      assumeTrue(
          mounted.status() == 0, () -> "this root may not mount images: " + mounted.output());
      return new Mount(point);
    }

    Path point() {
      return point;
    }

    void remount(String options) throws IOException {
      Tool.run(point.getParent(), "mount", "-o", "remount," + options, point.toString());
    }

    @Override
    public void close() throws IOException {
      Tool.run(point.getParent(), "umount", point.toString());
    }
  }

  /** A file as a block device. */
  static final class Loop implements AutoCloseable {
    private final Path device;

    private Loop(Path device) {
      this.device = device;
    }

    static Loop of(Path file, String... options) throws IOException {
      String[] command = new String[options.length + 4];
      command[0] = "losetup";
      System.arraycopy(options, 0, command, 1, options.length);
      command[options.length + 1] = "--find";
      command[options.length + 2] = "--show";
      command[options.length + 3] = file.toString();
      Tool.Result made = Tool.call(file.getParent(), java.util.Map.of(), "", command);
      assumeTrue(made.status() == 0, () -> "no loop device is to be had: " + made.output());
      return new Loop(Path.of(made.output().strip()));
    }

    Path device() {
      return device;
    }

    @Override
    public void close() throws IOException {
      Tool.run(Path.of("/"), "losetup", "--detach", device.toString());
    }
  }
}
