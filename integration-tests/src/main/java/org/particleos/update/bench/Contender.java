package org.particleos.update.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A program that installs what a folder of definitions says.
 *
 * @param name in the tables
 * @param targets the kinds of disk that it is measured with
 * @param alone whether it is a single process, whose memory says what the whole takes
 * @param command how it is started
 * @param verb what it is told to do, before the option that names the definitions
 */
record Contender(
    String name,
    Set<TargetDisk.Kind> targets,
    boolean alone,
    List<String> command,
    List<String> verb) {
  private static final String SYSUPDATE = "usr/lib/systemd/systemd-sysupdate";

  /** In a mount namespace of its own: the work is done below the other system's root too. */
  private static final String INSIDE =
      """
      set -e
      mkdir -p "$1$2"
      mount --bind "$2" "$1$2"
      mount --rbind /dev "$1/dev"
      mount -t proc proc "$1/proc"
      root=$1
      shift 2
      exec chroot "$root" "$@"
      """;

  Contender {
    targets = Set.copyOf(targets);
    command = List.copyOf(command);
    verb = List.copyOf(verb);
  }

  /** This project's program. */
  static Contender ours(Path program) {
    return new Contender(
        "particle-update",
        Set.of(TargetDisk.Kind.values()),
        true,
        List.of(program.toString()),
        List.of("apply"));
  }

  /**
   * {@code systemd-sysupdate} of a system below a folder. It does not check the manifest's
   * signature here, which costs it nothing that could be measured.
   *
   * @throws IOException if there is none, or it cannot be run
   */
  static Contender reference(Path root, Path work) throws IOException {
    if (!Files.isExecutable(root.resolve(SYSUPDATE))) {
      throw new IOException("there is no " + SYSUPDATE + " below " + root);
    }
    if (!TargetDisk.Kind.LOOP.obstacle().isEmpty()) {
      throw new IOException(
          "the reference is measured with a loop device, and " + TargetDisk.Kind.LOOP.obstacle());
    }
    return new Contender(
        "systemd-sysupdate",
        Set.of(TargetDisk.Kind.LOOP, TargetDisk.Kind.DIRECT_LOOP),
        false,
        List.of(
            "unshare",
            "--mount",
            "sh",
            "-c",
            INSIDE,
            "sh",
            root.toString(),
            work.toString(),
            "/" + SYSUPDATE,
            "--verify=no"),
        List.of("update"));
  }

  List<String> installing(Path definitions) {
    List<String> words = new ArrayList<>(command);
    words.addAll(verb);
    words.add("--definitions=" + definitions);
    return words;
  }
}
