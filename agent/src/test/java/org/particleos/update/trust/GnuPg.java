package org.particleos.update.trust;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The real GnuPG, with a home directory of its own that goes away at the end, together with the
 * agent that it starts.
 */
final class GnuPg implements AutoCloseable {
  /** A call takes milliseconds; only the generation of long keys on a busy machine takes longer. */
  private static final long CALL_SECONDS_MAX = 120;

  /** Keys are made on this day, so that signatures of many dates are younger than they. */
  static final String LONG_AGO = "20200101T000000";

  private final Path home;
  private int files;

  private GnuPg(Path home) {
    this.home = home;
  }

  /** gpg did not do what it was told. */
  static final class Failed extends RuntimeException {
    Failed(String what) {
      super(what);
    }
  }

  /** Skips the test if the programs are missing. */
  static GnuPg start() {
    for (var program : List.of("gpg", "gpgv", "gpgconf")) {
      assumeTrue(
          Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":", -1))
              .anyMatch(directory -> Files.isExecutable(Path.of(directory, program))),
          program + " is not installed");
    }
    try {
      // Directly in /tmp: the agent's socket is in there, and a socket has a path of at most 107
      // bytes.
      return new GnuPg(Files.createTempDirectory(Path.of("/tmp"), "pu"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A certificate-and-signing key that never expires. */
  void makeKey(String name, String algorithm) {
    makeKey(name, algorithm, LONG_AGO, "never");
  }

  void makeKey(String name, String algorithm, String at, String expires) {
    gpgAt(at, "--quick-generate-key", name, algorithm, "sign", expires);
  }

  /** Adds a subkey for signing and returns its fingerprint. */
  String addSubkey(String name, String at, String expires) {
    gpgAt(at, "--quick-add-key", fingerprints(name).getFirst(), "ed25519", "sign", expires);
    return fingerprints(name).getLast();
  }

  /** Of the primary key and its subkeys, in their order. */
  List<String> fingerprints(String name) {
    return gpg("--with-colons", "--list-keys", name)
        .lines()
        .filter(line -> line.startsWith("fpr:"))
        .map(line -> line.split(":", -1)[9])
        .toList();
  }

  void revoke(String name) {
    var certificate = home.resolve("openpgp-revocs.d", fingerprints(name).getFirst() + ".rev");
    // GnuPG puts a colon before it, lest somebody imports it by accident.
    var text = text(read(certificate)).replace(":-----BEGIN", "-----BEGIN");
    gpg("--import", file(text.getBytes(StandardCharsets.UTF_8)).toString());
  }

  /** Types answers into the key editor. */
  void edit(String name, String... answers) {
    run(
        String.join("\n", answers) + "\n",
        command(
            "gpg",
            "--batch",
            "--no-tty",
            "--expert",
            "--homedir",
            home.toString(),
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
            "--command-fd",
            "0",
            "--edit-key",
            name));
  }

  byte[] export(String... names) {
    var out = file();
    gpg(concat(List.of("--output", out.toString(), "--export"), List.of(names)));
    return read(out);
  }

  byte[] exportArmored(String... names) {
    var out = file();
    gpg(concat(List.of("--armor", "--output", out.toString(), "--export"), List.of(names)));
    return read(out);
  }

  /** A detached signature; {@code options} come before the command. */
  byte[] sign(String name, byte[] data, String... options) {
    return signWith(data, concat(List.of("--local-user", name), List.of(options)));
  }

  byte[] signWith(byte[] data, String... options) {
    return make("--detach-sign", data, options);
  }

  byte[] signAt(String time, String name, byte[] data, String... options) {
    return sign(name, data, concat(List.of("--faked-system-time", time), List.of(options)));
  }

  /** What {@code gpg <command>} makes of the data. */
  byte[] make(String command, byte[] data, String... options) {
    var in = file(data);
    var out = file();
    gpg(concat(List.of(options), List.of("--output", out.toString(), command, in.toString())));
    return read(out);
  }

  /** What a command makes of no input. */
  byte[] make(String command) {
    var out = file();
    gpg("--output", out.toString(), command);
    return read(out);
  }

  /** GnuPG's own store of public keys. */
  Path keybox() {
    return home.resolve("pubring.kbx");
  }

  /** Whether the real gpgv exits with success. */
  boolean gpgvAccepts(byte[] data, byte[] signature, List<Path> keyrings) {
    var command = new ArrayList<>(List.of("gpgv", "--homedir", home.toString()));
    for (var keyring : keyrings) {
      command.add("--keyring");
      command.add(keyring.toString());
    }
    command.add(file(signature).toString());
    command.add(file(data).toString());
    return run("", command).status == 0;
  }

  String gpg(String... arguments) {
    var command =
        command(
            "gpg",
            concat(
                List.of(
                    "--batch",
                    "--no-tty",
                    "--quiet",
                    "--yes",
                    "--homedir",
                    home.toString(),
                    "--pinentry-mode",
                    "loopback",
                    "--passphrase",
                    "",
                    "--trust-model",
                    "always",
                    "--allow-weak-digest-algos"),
                List.of(arguments)));
    var result = run("", command);
    if (result.status != 0) {
      throw new Failed(String.join(" ", command) + ": " + result.error);
    }
    return result.output;
  }

  private void gpgAt(String time, String... arguments) {
    gpg(concat(List.of("--faked-system-time", time), List.of(arguments)));
  }

  Path file(byte[] content) {
    try {
      return Files.write(file(), content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path file() {
    return home.resolve("f" + files++);
  }

  private record Result(int status, String output, String error) {}

  private Result run(String input, List<String> command) {
    var out = file();
    var err = file();
    try {
      var process =
          new ProcessBuilder(command)
              .redirectInput(file(input.getBytes(StandardCharsets.UTF_8)).toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      if (!process.waitFor(CALL_SECONDS_MAX, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(command + " does not end");
      }
      return new Result(process.exitValue(), text(read(out)), text(read(err)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static List<String> command(String program, String... arguments) {
    var command = new ArrayList<>(List.of(program));
    command.addAll(List.of(arguments));
    return command;
  }

  private static String[] concat(List<String> a, List<String> b) {
    var all = new ArrayList<>(a);
    all.addAll(b);
    return all.toArray(String[]::new);
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    run("", List.of("gpgconf", "--homedir", home.toString(), "--kill", "all"));
    try (var all = Files.walk(home)) {
      for (var path : all.sorted(Comparator.reverseOrder()).toList()) {
        // The agent removes its own sockets while it ends.
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
