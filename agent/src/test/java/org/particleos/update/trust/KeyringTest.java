package org.particleos.update.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

class KeyringTest {
  private static final Instant NOW = Publisher.CREATED.plus(Duration.ofDays(1));

  @TempDir Path directory;

  private final Publisher one = new Publisher("One <one@example.org>");
  private final Publisher two = new Publisher("Two <two@example.org>");

  @Test
  void severalCertificatesInOneFileAreAllThere() throws Exception {
    var file = file(one.certificate(), two.certificate());

    var certificates = Keyring.load(List.of(file)).certificates(NOW);

    assertEquals(
        List.of(
            new Keyring.Certificate(
                one.fingerprint(),
                List.of("One <one@example.org>"),
                Publisher.CREATED,
                Optional.empty()),
            new Keyring.Certificate(
                two.fingerprint(),
                List.of("Two <two@example.org>"),
                Publisher.CREATED,
                Optional.empty())),
        certificates);
  }

  @Test
  void filesAreCombinedAndTheSameCertificateCountsOnce() throws Exception {
    var first = file(one.certificate());
    var second = Files.write(directory.resolve("second"), one.certificate());
    Files.write(second, two.certificate(), StandardOpenOption.APPEND);

    var keyring = Keyring.load(List.of(first, second));

    assertEquals(
        List.of(one.fingerprint(), two.fingerprint()),
        keyring.certificates(NOW).stream().map(Keyring.Certificate::fingerprint).toList());
  }

  @Test
  void anArmoredKeyringIsReadLikeABinaryOne() throws Exception {
    var text = armored("PUBLIC KEY BLOCK", one.certificate());

    var keyring = Keyring.load(List.of(file(text)));

    assertEquals(1, keyring.certificates(NOW).size());
  }

  @Test
  void keysThatTheRealGpgExportsAreReadInBothForms() throws Exception {
    try (var gpg = GnuPg.start()) {
      gpg.makeKey("vendor", "rsa3072");
      gpg.makeKey("expiring", "ed25519", GnuPg.LONG_AGO, "2020-06-01");

      var binary = Keyring.load(List.of(file(gpg.export())));
      var armored = Keyring.load(List.of(gpg.file(gpg.exportArmored())));

      assertEquals(binary.certificates(NOW), armored.certificates(NOW));
      assertEquals(
          List.of(Optional.empty(), Optional.of(Instant.parse("2020-06-01T12:00:00Z"))),
          binary.certificates(NOW).stream().map(Keyring.Certificate::expires).toList());
    }
  }

  @Test
  void aKeyboxThatTheRealGpgMadeIsRefusedWithTheWayOut() throws Exception {
    try (var gpg = GnuPg.start()) {
      gpg.makeKey("vendor", "ed25519");
      var keybox = gpg.keybox();
      assumeTrue(Files.exists(keybox), "this GnuPG keeps keys in a daemon, not in a keybox");

      var refusal = assertThrows(UpdateException.class, () -> Keyring.load(List.of(keybox)));

      assertEquals(Reason.KEYRING_INVALID, refusal.reason());
      assertEquals("a GnuPG keybox, which only GnuPG reads", refusal.found().orElseThrow());
      assertTrue(refusal.remedy().contains("gpg --no-default-keyring"));
      assertTrue(refusal.remedy().contains("--export"));
    }
  }

  @Test
  void secretKeysAreRefused() throws Exception {
    try (var gpg = GnuPg.start()) {
      gpg.makeKey("vendor", "ed25519");

      assertInvalid(gpg.make("--export-secret-keys"), "secret key");
    }
  }

  @Test
  void aFileThatIsNoKeyringIsRefused() throws Exception {
    assertInvalid("<html>Not found</html>".getBytes(StandardCharsets.UTF_8), "neither binary");
    assertInvalid(one.sign(new byte[0]), "does not begin with a primary key");
    assertInvalid(armored("SIGNATURE", one.sign(new byte[0])), "expected a PGP PUBLIC KEY BLOCK");
    assertInvalid(armored("PRIVATE KEY BLOCK", one.certificate()), "holds a PGP PRIVATE KEY BLOCK");
  }

  @Test
  void anEmptyFileIsRefused() throws Exception {
    assertInvalid(new byte[0], "an empty file");
  }

  @Test
  void aFileThatIsCutShortIsRefused() throws Exception {
    var whole = one.certificate();

    assertInvalid(Arrays.copyOf(whole, whole.length - 1), "cut short");
  }

  @Test
  void aFileOverTheLimitIsRefusedWithoutBeingRead() throws Exception {
    assertInvalid(new byte[Keyring.FILE_BYTES_MAX + 1], "more than");
  }

  @Test
  void moreKeysThanTheLimitAreRefused() throws Exception {
    var keys = new byte[Keyring.CERTIFICATES_MAX + 1][];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = new Publisher("").certificate();
    }

    var refusal = assertThrows(UpdateException.class, () -> Keyring.load(List.of(file(keys))));

    assertTrue(refusal.found().orElseThrow().contains("more than 1000 keys"));
  }

  @Test
  void aKeyOfAnUnknownVersionIsLeftOutWithAWarning() throws Exception {
    byte[] version9 = {(byte) 0xc6, 3, 9, 0, 0};

    var keyring = Keyring.load(List.of(file(version9, one.certificate())));

    assertEquals(1, keyring.certificates(NOW).size());
    assertEquals(1, keyring.warnings().size());
    assertTrue(keyring.warnings().getFirst().contains("version 9"));
  }

  @Test
  void aKeyringWithoutAnyKeyThatCanBeReadIsRefused() throws Exception {
    byte[] version9 = {(byte) 0xc6, 3, 9, 0, 0};

    assertInvalid(version9, "version 9");
  }

  @Test
  void aFileThatIsNotThereIsMissing() {
    var refusal =
        assertThrows(
            UpdateException.class, () -> Keyring.load(List.of(directory.resolve("absent"))));

    assertEquals(Reason.KEYRING_MISSING, refusal.reason());
  }

  private void assertInvalid(byte[] content, String found) throws IOException {
    var file = file(content);
    var refusal = assertThrows(UpdateException.class, () -> Keyring.load(List.of(file)));
    assertInstanceOf(UpdateException.NotTrusted.class, refusal);
    assertEquals(Reason.KEYRING_INVALID, refusal.reason());
    assertTrue(refusal.found().orElseThrow().contains(found), () -> refusal.found().orElseThrow());
  }

  private static byte[] armored(String label, byte[] bytes) {
    return ("-----BEGIN PGP "
            + label
            + "-----\n\n"
            + Base64.getMimeEncoder().encodeToString(bytes)
            + "\n-----END PGP "
            + label
            + "-----\n")
        .getBytes(StandardCharsets.US_ASCII);
  }

  private Path file(byte[]... contents) throws IOException {
    var all = new ByteArrayOutputStream();
    for (var content : contents) {
      all.write(content);
    }
    return Files.write(directory.resolve("ring"), all.toByteArray());
  }
}
