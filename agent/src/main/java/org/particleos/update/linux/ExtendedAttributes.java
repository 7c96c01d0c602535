package org.particleos.update.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.LinuxKernel.LibC;

/** The calls around {@code llistxattr(2)}; none follows a link. */
final class ExtendedAttributes {
  private static final int ERANGE = 34;

  /** Somebody changes the attributes all the time if they grow more often between two calls. */
  private static final int ATTEMPTS_MAX = 10;

  private ExtendedAttributes() {}

  /** A call that fills the buffer, or with a count of 0 tells how many bytes it would need. */
  @FunctionalInterface
  private interface Fill {
    long run(byte[] buffer, long count);
  }

  private static byte[] fetch(String call, Path path, Fill fill) throws IOException {
    for (int attempt = 1; ; attempt++) {
      int size =
          (int) LinuxKernel.check(call, LinuxKernel.subject(path), () -> fill.run(new byte[1], 0));
      if (size == 0) {
        return new byte[0];
      }
      byte[] buffer = new byte[size];
      try {
        long filled =
            LinuxKernel.check(call, LinuxKernel.subject(path), () -> fill.run(buffer, size));
        return Arrays.copyOf(buffer, (int) filled);
      } catch (LinuxException grown) {
        if (grown.errno() != ERANGE || attempt == ATTEMPTS_MAX) {
          throw grown;
        }
      }
    }
  }

  static List<String> names(Path path) throws IOException {
    byte[] name = LinuxKernel.name(path);
    byte[] list;
    try {
      list = fetch("llistxattr", path, (buffer, count) -> LibC.llistxattr(name, buffer, count));
    } catch (LinuxException failed) {
      if (failed.is(Errno.EOPNOTSUPP)) {
        return List.of();
      }
      throw failed;
    }
    var names = new ArrayList<String>();
    int start = 0;
    for (int at = 0; at < list.length; at++) {
      if (list[at] == 0) {
        names.add(FileName.text(Arrays.copyOfRange(list, start, at)));
        start = at + 1;
      }
    }
    names.sort(null);
    return List.copyOf(names);
  }

  static Optional<byte[]> value(Path path, String attribute) throws IOException {
    byte[] name = LinuxKernel.name(path);
    byte[] key = LinuxKernel.terminated(attribute);
    try {
      return Optional.of(
          fetch("lgetxattr", path, (buffer, count) -> LibC.lgetxattr(name, key, buffer, count)));
    } catch (LinuxException failed) {
      if (failed.is(Errno.ENODATA) || failed.is(Errno.EOPNOTSUPP)) {
        return Optional.empty();
      }
      throw failed;
    }
  }

  static void set(Path path, String attribute, byte[] value) throws IOException {
    byte[] name = LinuxKernel.name(path);
    byte[] key = LinuxKernel.terminated(attribute);
    // JNA has no address for an array of no bytes.
    byte[] bytes = value.length == 0 ? new byte[1] : value;
    LinuxKernel.check(
        "lsetxattr " + attribute,
        LinuxKernel.subject(path),
        () -> LibC.lsetxattr(name, key, bytes, value.length, 0));
  }

  static void remove(Path path, String attribute) throws IOException {
    byte[] name = LinuxKernel.name(path);
    byte[] key = LinuxKernel.terminated(attribute);
    LinuxKernel.check(
        "lremovexattr " + attribute, LinuxKernel.subject(path), () -> LibC.lremovexattr(name, key));
  }
}
