package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.VersionSets.View;

/** Updates from a manifest that the real GnuPG has signed. */
class SignedUpdateTest {
  private static final Release V1 = Release.of("1");
  private static final Release V2 = Release.of("2");
  private static final long CALL_SECONDS_MAX = 120;

  @TempDir Path home;
  private Path gnupg;
  private ReleaseServer server;
  private Laboratory machine;

  @BeforeEach
  void start() throws Exception {
    assumeTrue(
        Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":", -1))
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, "gpg"))),
        "gpg is not installed");
    // Directly in /tmp: a socket has a path of at most 107 bytes.
    gnupg = Files.createTempDirectory(Path.of("/tmp"), "pu");
    server = new ReleaseServer();
    server.publish(V2);
    machine =
        new Laboratory(home, server)
            .holding(V1, 0)
            .env("SYSTEMD_OPENPGP_KEYRING", home.resolve("keyring.pgp").toString())
            .at(Instant.now())
            .verifying();
    gpg("--quick-generate-key", "publisher@example.org", "ed25519", "sign", "never");
    gpg("--quick-generate-key", "stranger@example.org", "ed25519", "sign", "never");
    gpg("--output", home.resolve("keyring.pgp").toString(), "--export", "publisher@example.org");
    machine.build();
  }

  @AfterEach
  void stop() throws Exception {
    if (gnupg == null) {
      return;
    }
    server.close();
    run(List.of("gpgconf", "--homedir", gnupg.toString(), "--kill", "all"));
    try (var files = Files.walk(gnupg)) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  private void gpg(String... arguments) throws Exception {
    var command =
        new ArrayList<>(
            List.of("gpg", "--homedir", gnupg.toString(), "--batch", "--yes", "--passphrase", ""));
    command.addAll(List.of(arguments));
    run(command);
  }

  private static void run(List<String> command) throws Exception {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (!process.waitFor(CALL_SECONDS_MAX, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException(command + " failed");
    }
  }

  private void sign(String key) throws Exception {
    Path manifest = Files.write(home.resolve("SHA256SUMS"), server.manifest());
    Path signature = home.resolve("SHA256SUMS.gpg");
    gpg(
        "--local-user",
        key,
        "--output",
        signature.toString(),
        "--detach-sign",
        manifest.toString());
    server.beside("SHA256SUMS.gpg", Files.readAllBytes(signature));
  }

  @Test
  void whatTheKeyOfThisMachineSignedIsInstalled() throws Exception {
    sign("publisher@example.org");

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    Judge.of(machine).assertWhole(V2);
  }

  @Test
  void whatIsNotSignedOrByAStrangerOrWasChangedIsRefused() throws Exception {
    Judge before = Judge.of(machine);

    assertEquals(Reason.SIGNATURE_MISSING, refused());
    sign("stranger@example.org");
    assertEquals(Reason.SIGNATURE_INVALID, refused());
    sign("publisher@example.org");
    server.publish("another.file", new byte[1]);
    assertEquals(Reason.SIGNATURE_INVALID, refused());

    Judge.of(machine).assertUnchangedSince(before);
    assertEquals(List.of(), server.fetched());
  }

  private Reason refused() {
    return assertThrows(UpdateException.NotTrusted.class, machine::apply).reason();
  }

  @Test
  void theKeysOfTheKeyringAreNamedAndAnExpiredOneIsAWarning() throws Exception {
    gpg("--quick-generate-key", "formerly@example.org", "ed25519", "sign", "1d");
    gpg("--output", home.resolve("keyring.pgp").toString(), "--export", "@example.org");
    machine.at(Instant.now().plus(Duration.ofDays(10)));

    List<Finding> keys =
        machine.examine(new UnhurriedKernel(), View.OFFLINE).stream()
            .filter(finding -> finding.about().equals("keyrings"))
            .toList();

    assertEquals(3, keys.size(), keys.toString());
    for (Finding key : keys) {
      boolean expired = key.text().contains("formerly@example.org");
      assertEquals(expired ? Finding.Level.WARNING : Finding.Level.GOOD, key.level(), key.text());
      assertEquals(expired, key.text().contains("has expired on "), key.text());
    }
  }
}
