package org.particleos.update.tree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import org.particleos.update.acquire.Bytes;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.DeviceNumber;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;

/** A tree with one of everything. */
final class TreeSamples {
  static final byte[] CAPABILITY = {
    1, 0, 0, 2, 0, 4, (byte) 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  };

  private TreeSamples() {}

  /**
   * True if it has what only root can make.
   *
   * @param nameLength of one file, since old archives have no long names
   */
  static boolean make(Kernel kernel, Path top, boolean attributes, int nameLength)
      throws IOException, UpdateException {
    kernel.makeDirectory(top, 0755);
    Path usr = top.resolve("usr");
    kernel.makeDirectory(usr, 0755);
    Path file = usr.resolve("file");
    Files.write(file, Bytes.noise(3, 70_000));
    Files.writeString(usr.resolve("empty"), "");
    kernel.makeHardLink(file, top.resolve("same"));
    kernel.makeSymbolicLink("/no/such/target", usr.resolve("link"));
    kernel.makeSpecialFile(usr.resolve("pipe"), FileKind.FIFO, 0600, 0);
    Path odd = usr.resolve("n\u00e4me with blanks\nand lines " + "x".repeat(nameLength));
    Files.writeString(odd, "x");
    sparse(kernel, usr.resolve("sparse"));
    Path secret = top.resolve("secret");
    kernel.makeDirectory(secret, 0700);
    Files.writeString(secret.resolve("inside"), "secret");
    if (attributes) {
      optional(() -> kernel.setAttribute(file, "user.note", new byte[] {0, (byte) 0xff, '\n'}));
      optional(() -> kernel.setAttribute(usr, "user.directory", new byte[] {1}));
      var acl =
          PosixAcl.parse(
                  "x",
                  "user::rwx,user:12345:r-x,group::r-x,mask::r-x,other::---"
                      .getBytes(StandardCharsets.US_ASCII),
                  new Accounts(Path.of("/nowhere")))
              .orElseThrow();
      optional(() -> kernel.setAttribute(secret, FileFacts.DEFAULT_ACL, acl));
      optional(() -> kernel.setAttribute(odd, FileFacts.ACCESS_ACL, acl));
    }
    boolean root = kernel.status(top).orElseThrow().user() == 0;
    if (root) {
      kernel.changeOwner(file, 1234, 2345);
      kernel.changeOwner(usr.resolve("link"), 99, 98);
      kernel.makeSpecialFile(
          usr.resolve("null"), FileKind.CHARACTER_DEVICE, 0600, new DeviceNumber(1, 3).encoded());
      kernel.changeMode(file, 06755);
      if (attributes) {
        kernel.setAttribute(usr.resolve("sparse"), "security.capability", CAPABILITY);
      }
    }
    long time = 1_500_000_000_123_456_789L;
    for (String name :
        new String[] {
          "usr/file",
          "usr/link",
          "usr/pipe",
          "usr/sparse",
          "usr/empty",
          "secret/inside",
          "secret",
          "usr",
          ""
        }) {
      kernel.changeTimes(top.resolve(name), time);
      time += 1_000_000_001;
    }
    kernel.changeMode(secret, 0500);
    return root;
  }

  /** Data, a hole, data, and a hole at the end. */
  private static void sparse(Kernel kernel, Path path) throws IOException {
    try (var file = kernel.open(path, EnumSet.of(OpenFlag.READ, OpenFlag.WRITE, OpenFlag.CREATE))) {
      for (long offset : new long[] {0, 1 << 20, 5 << 20}) {
        file.write(ByteBuffer.allocateDirect(8192).put(Bytes.noise(offset, 8192)).flip(), offset);
      }
      file.truncate(12 << 20);
    }
  }

  /** File systems of test machines may lack it. */
  private static void optional(Attempt attempt) throws IOException {
    try {
      attempt.run();
    } catch (LinuxException e) {
      if (e.errno() != 95) {
        throw e;
      }
    }
  }

  private interface Attempt {
    void run() throws IOException;
  }

  static boolean succeeds(String... command) throws InterruptedException {
    try {
      return new ProcessBuilder(Arrays.asList(command))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException missing) {
      return false;
    }
  }
}
