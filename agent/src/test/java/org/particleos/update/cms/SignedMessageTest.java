package org.particleos.update.cms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.bouncycastle.asn1.DEROctetString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.cms.SignedMessage.Verdict;

class SignedMessageTest {
  private static final byte[] CONTENT = "content".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] OTHER = "another".getBytes(StandardCharsets.US_ASCII);
  private static final String DATA = "1.2.840.113549.1.7.1";
  private static final ASigner ALICE = ASigner.named("Alice");
  private static final ASigner BOB = ASigner.named("Bob");

  private static SignedMessage attached() throws Exception {
    return SignedMessage.parse(
        ALICE.signsAround(DATA, new DEROctetString(CONTENT), CONTENT, ALICE.certificate()));
  }

  private static Verdict verdict(SignedMessage message, ASigner signer, byte[] content) {
    return message.verify(message.signers().getFirst(), signer.certificate(), content);
  }

  @Test
  void aDetachedSignatureIsGoodForItsContentAndItsKeyOnly() throws Exception {
    var message = SignedMessage.parse(ALICE.signsDetached(CONTENT));

    assertEquals(Verdict.GOOD, verdict(message, ALICE, CONTENT));
    assertEquals(Verdict.BAD, verdict(message, ALICE, OTHER));
    assertEquals(Verdict.BAD, verdict(message, BOB, CONTENT));
    assertEquals(Optional.empty(), message.content());
    assertEquals(List.of(), message.certificates());
  }

  @Test
  void aSignatureWithAttributesIsGoodForItsContentAndItsKeyOnly() throws Exception {
    var message = attached();

    assertEquals(Verdict.GOOD, verdict(message, ALICE, CONTENT));
    assertEquals(Verdict.BAD, verdict(message, ALICE, OTHER));
    assertEquals(Verdict.BAD, verdict(message, BOB, CONTENT));
    assertEquals(DATA, message.contentType());
    assertEquals(new DEROctetString(CONTENT), message.content().orElseThrow());
  }

  @Test
  void theCertificateOfASignerIsFoundAmongOthers() throws Exception {
    var message = attached();
    var signer = message.signers().getFirst();

    assertEquals("number 7 of CN=Alice", signer.name());
    assertEquals(
        Optional.of(ALICE.certificate()),
        SignedMessage.certificate(signer, List.of(BOB.certificate(), ALICE.certificate())));
    assertEquals(Optional.empty(), SignedMessage.certificate(signer, List.of(BOB.certificate())));
  }

  @Test
  void aCertificateKnowsWhoIssuedIt() {
    var issued = ALICE.issues("Carol").certificate();

    assertTrue(issued.issuedBy(ALICE.certificate()));
    assertFalse(issued.issuedBy(BOB.certificate()));
    assertFalse(issued.issuedBy(ASigner.named("Alice").certificate()), "only a name in common");
    assertTrue(issued.hasFingerprint(issued.fingerprint().toUpperCase(java.util.Locale.ROOT)));
    assertTrue(issued.hasFingerprint(issued.fingerprint().replaceAll("..(?=.)", "$0:")));
    assertFalse(issued.hasFingerprint(ALICE.certificate().fingerprint()));
  }

  @Test
  void whatFollowsTheMessageIsOfNoAccount() throws Exception {
    byte[] message = ALICE.signsDetached(CONTENT);

    assertEquals(
        Verdict.GOOD,
        verdict(SignedMessage.parse(Arrays.copyOf(message, message.length + 7)), ALICE, CONTENT));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "00", "3000", "30800000", "0400", "300b06092a864886f70d010701"})
  void whatIsNoSignedDataIsRefused(String hex) {
    assertThrows(
        MalformedSignatureException.class,
        () -> SignedMessage.parse(java.util.HexFormat.of().parseHex(hex)));
  }

  @Test
  void whatIsDamagedIsRefusedOrNotGood() throws Exception {
    byte[] good =
        ALICE.signsAround(DATA, new DEROctetString(CONTENT), CONTENT, ALICE.certificate());
    long seed = 20261125;
    var random = new SplittableRandom(seed);
    for (int round = 0; round < 3000; round++) {
      byte[] damaged = good.clone();
      int at = random.nextInt(damaged.length);
      damaged[at] ^= (byte) (1 << random.nextInt(8));
      try {
        var message = SignedMessage.parse(damaged);
        for (var signer : message.signers()) {
          // Whatever comes of it, it is an answer.
          var _ = message.verify(signer, ALICE.certificate(), CONTENT);
          var _ = SignedMessage.certificate(signer, message.certificates());
        }
      } catch (MalformedSignatureException expected) {
        assertFalse(expected.clause().isEmpty(), "seed " + seed + ", byte " + at);
      }
    }
  }

  @Test
  void moreThanAnybodySignsIsRefused() {
    assertThrows(
        MalformedSignatureException.class,
        () -> SignedMessage.parse(new byte[SignedMessage.BYTES_MAX + 1]));
  }

  @ParameterizedTest
  @CsvSource({
    "rsa:2048, sha256, -noattr -nocerts",
    "rsa:3072, sha512, -nocerts",
    "rsa:2048, sha384, ''",
    "ec:secp384r1, sha384, -noattr"
  })
  void whatOpensslSignsIsGood(String key, String digest, String options, @TempDir Path folder)
      throws Exception {
    String newKey =
        key.startsWith("ec:")
            ? "-newkey ec -pkeyopt ec_paramgen_curve:" + key.substring(3)
            : "-newkey " + key;
    openssl(folder, "req -x509 " + newKey + " -nodes -subj /CN=T -days 9 -keyout k -out c");
    Files.write(folder.resolve("content"), CONTENT);
    openssl(
        folder,
        "cms -sign -binary -md "
            + digest
            + " "
            + options
            + " -in content -inkey k -signer c -outform der -out s");

    var certificate = Certificate.parse(Files.readAllBytes(folder.resolve("c")));
    var message = SignedMessage.parse(Files.readAllBytes(folder.resolve("s")));

    var signer = message.signers().getFirst();
    assertEquals(Verdict.GOOD, message.verify(signer, certificate, CONTENT));
    assertEquals(Verdict.BAD, message.verify(signer, certificate, OTHER));
    assertEquals(Optional.of(certificate), SignedMessage.certificate(signer, List.of(certificate)));
    assertEquals("CN=T", certificate.subject());
  }

  private static void openssl(Path folder, String words) throws Exception {
    Process process;
    try {
      process =
          new ProcessBuilder(("openssl " + words).trim().split(" +"))
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .start();
    } catch (IOException missing) {
      assumeTrue(false, "openssl is not installed: " + missing.getMessage());
      throw missing;
    }
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), printed);
  }
}
