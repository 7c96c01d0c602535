package org.particleos.update.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.trust.SignatureVerdict.Finding;
import org.particleos.update.trust.SignatureVerdict.Problem;

/** What GnuPG cannot be made to sign; the rest is in {@link GnuPgComparisonTest}. */
class SignatureVerifierTest {
  private static final byte[] DATA = "data\n".getBytes(StandardCharsets.UTF_8);
  private static final Instant NOW = Publisher.CREATED.plus(Duration.ofDays(30));

  @TempDir Path directory;

  private final Publisher vendor = new Publisher("Vendor <release@example.org>");

  @Test
  void aGoodSignatureSaysWhoSignedAndWhen() throws Exception {
    var verdict = verify(DATA, vendor.sign(DATA), vendor.certificate());

    var signer =
        new Signer(
            vendor.fingerprint(),
            vendor.fingerprint(),
            "Vendor <release@example.org>",
            Publisher.CREATED);
    assertEquals(new SignatureVerdict.Trusted(signer, List.of()), verdict);
  }

  @Test
  void aSignatureBySubkeyNamesBothKeys() throws Exception {
    var subkey = vendor.new WithSubkey(Publisher.Binding.PROPER);

    var verdict = verify(DATA, subkey.sign(DATA), subkey.certificate());

    var signer = assertInstanceOf(SignatureVerdict.Trusted.class, verdict).signer();
    assertEquals(vendor.fingerprint(), signer.primaryFingerprint());
    assertFalse(signer.signingFingerprint().equals(vendor.fingerprint()));
  }

  @Test
  void aKeyOfVersion6IsTrustedLikeAnOlderOne() throws Exception {
    var modern = new Publisher("Modern", 6);

    var verdict = verify(DATA, modern.sign(DATA), modern.certificate());

    assertInstanceOf(SignatureVerdict.Trusted.class, verdict);
  }

  @Test
  void aSubkeyThatDoesNotConsentToItsCertificateIsRefused() throws Exception {
    var subkey = vendor.new WithSubkey(Publisher.Binding.WITHOUT_CONSENT);

    assertProblem(
        Problem.KEY_NOT_FOR_SIGNING, verify(DATA, subkey.sign(DATA), subkey.certificate()));
  }

  @Test
  void aSubkeyForAnotherPurposeIsRefused() throws Exception {
    var subkey = vendor.new WithSubkey(Publisher.Binding.NOT_FOR_SIGNING);

    assertProblem(
        Problem.KEY_NOT_FOR_SIGNING, verify(DATA, subkey.sign(DATA), subkey.certificate()));
  }

  @Test
  void aSubkeyBoundBySha1CountsInTheKeyringButNotFromTheNetwork() throws Exception {
    var subkey = vendor.new WithSubkey(Publisher.Binding.BY_SHA1);
    var sentAlong = join(subkey.sign(DATA), subkey.certificate());

    assertInstanceOf(
        SignatureVerdict.Trusted.class, verify(DATA, subkey.sign(DATA), subkey.certificate()));
    assertProblem(Problem.UNKNOWN_KEY, verify(DATA, sentAlong, vendor.certificate()));
  }

  @Test
  void aSubkeySentAlongIsForgottenAfterTheCheck() throws Exception {
    var subkey = vendor.new WithSubkey(Publisher.Binding.PROPER);
    var keyring = keyring(vendor.certificate());
    var sentAlong = join(subkey.sign(DATA), subkey.certificate());
    var verifier = new SignatureVerifier();

    assertInstanceOf(
        SignatureVerdict.Trusted.class, verifier.verify(DATA, sentAlong, keyring, NOW));
    assertProblem(Problem.UNKNOWN_KEY, verifier.verify(DATA, subkey.sign(DATA), keyring, NOW));
  }

  @Test
  void aSubkeyThatAStrangerClaimsForTheVendorIsNotTaken() throws Exception {
    var stranger = new Publisher("Stranger");
    var theirs = stranger.new WithSubkey(Publisher.Binding.PROPER);
    var packets = Packet.split(theirs.certificate(), 10);
    var ours = Packet.split(vendor.certificate(), 10);
    int subkeyStart = theirs.certificate().length - length(packets, 3) - length(packets, 4);
    var subkeyAndBinding =
        Arrays.copyOfRange(theirs.certificate(), subkeyStart, theirs.certificate().length);
    assertEquals(3, ours.size());
    var claimed = join(vendor.certificate(), subkeyAndBinding);

    var verdict = verify(DATA, join(theirs.sign(DATA), claimed), vendor.certificate());

    assertProblem(Problem.UNKNOWN_KEY, verdict);
  }

  private static int length(List<Packet> packets, int index) {
    // All packets here are long enough for a header of two or three bytes.
    int body = packets.get(index).bodyLength();
    return body < 192 ? body + 2 : body + 3;
  }

  @Test
  void aSignatureThatDemandsSomethingUnknownIsRefused() throws Exception {
    var signature = vendor.signDemanding(DATA, "only-on-mondays@example.org");

    assertProblem(Problem.NOT_SUPPORTED, verify(DATA, signature, vendor.certificate()));
  }

  @Test
  void aClockThatIsADayBehindDoesNotRefuseAFreshSignature() throws Exception {
    var tomorrow = NOW.plus(SignatureVerifier.CLOCK_SKEW_MAX);

    assertInstanceOf(
        SignatureVerdict.Trusted.class,
        verify(DATA, vendor.sign(DATA, tomorrow), vendor.certificate()));
    assertProblem(
        Problem.FUTURE_DATED,
        verify(DATA, vendor.sign(DATA, tomorrow.plusSeconds(1)), vendor.certificate()));
  }

  @Test
  void aKeyFromTheFutureIsRefusedOnAMachineThatLostItsClock() throws Exception {
    var keyring = keyring(vendor.certificate());

    var verdict = new SignatureVerifier().verify(DATA, vendor.sign(DATA), keyring, Instant.EPOCH);

    assertProblem(Problem.FUTURE_DATED, verdict);
  }

  @Test
  void moreSignaturesThanTheLimitAreRefusedEvenIfAllAreGood() throws Exception {
    var one = vendor.sign(DATA);
    var most = repeat(one, SignatureVerifier.SIGNATURES_MAX);

    assertInstanceOf(SignatureVerdict.Trusted.class, verify(DATA, most, vendor.certificate()));
    assertProblem(Problem.MALFORMED, verify(DATA, join(most, one), vendor.certificate()));
  }

  @Test
  void aSignatureFileOfMoreThanOneMebibyteIsRefused() throws Exception {
    var tooLong = new byte[SignatureVerifier.SIZE_BYTES_MAX + 1];

    assertProblem(Problem.MALFORMED, verify(DATA, tooLong, vendor.certificate()));
  }

  @Test
  void aPacketThatClaimsGigabytesIsRefusedWithoutReservingThem() throws Exception {
    byte[] huge = {(byte) 0xc2, (byte) 0xff, (byte) 0x7f, -1, -1, -1, 4, 0};

    assertProblem(Problem.MALFORMED, verify(DATA, huge, vendor.certificate()));
  }

  @Test
  void aSubpacketThatClaimsGigabytesIsRefusedWithoutReservingThem() throws Exception {
    byte[] huge = {
      (byte) 0xc2, 18, 4, 0, 27, 8, 0, 6, -1, (byte) 0x7f, -1, -1, -1, 2, 0, 0, 1, 2, 3, 4
    };

    assertProblem(Problem.MALFORMED, verify(DATA, huge, vendor.certificate()));
  }

  @Test
  void noChangeOfASignatureIsTrustedOrBreaksTheVerifierUnlessItIsOutsideOfWhatIsSigned()
      throws Exception {
    long seed = 20_261_122;
    var random = new Random(seed);
    var subkey = vendor.new WithSubkey(Publisher.Binding.PROPER);
    var good = join(subkey.sign(DATA), subkey.certificate());
    var keyring = keyring(vendor.certificate());
    var other = "DATA\n".getBytes(StandardCharsets.UTF_8);

    for (int round = 0; round < 3000; round++) {
      var changed = good.clone();
      for (int i = random.nextInt(3); i >= 0; i--) {
        changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
      }
      if (random.nextInt(4) == 0) {
        changed = Arrays.copyOf(changed, random.nextInt(changed.length));
      }

      // Over the right data a change may be harmless (a key ID, say); over other data never.
      var right = new SignatureVerifier().verify(DATA, changed, keyring, NOW);
      var wrong = new SignatureVerifier().verify(other, changed, keyring, NOW);

      if (right instanceof SignatureVerdict.Trusted trusted) {
        assertEquals(vendor.fingerprint(), trusted.signer().primaryFingerprint());
        assertEquals(Publisher.CREATED, trusted.signer().signedAt(), "seed " + seed);
      }
      assertInstanceOf(SignatureVerdict.Refused.class, wrong, "seed " + seed + ", " + round);
    }
  }

  @Test
  void aFindingShowsTheKeyInGroupsOfFour() {
    var finding =
        new Finding(Problem.UNKNOWN_KEY, Optional.of("1F2E3D4C00005B6A"), "not in the keyring");

    assertEquals("signature by key 1F2E 3D4C 0000 5B6A (not in the keyring)", finding.toString());
  }

  private SignatureVerdict verify(byte[] data, byte[] signature, byte[] certificate)
      throws UpdateException, IOException {
    return new SignatureVerifier().verify(data, signature, keyring(certificate), NOW);
  }

  private Keyring keyring(byte[] certificate) throws UpdateException, IOException {
    return Keyring.load(List.of(Files.write(directory.resolve("ring.pgp"), certificate)));
  }

  private static void assertProblem(Problem expected, SignatureVerdict verdict) {
    var refused = assertInstanceOf(SignatureVerdict.Refused.class, verdict);
    assertEquals(
        List.of(expected), refused.findings().stream().map(Finding::problem).distinct().toList());
  }

  private static byte[] repeat(byte[] bytes, int times) {
    var all = new byte[0];
    for (int i = 0; i < times; i++) {
      all = join(all, bytes);
    }
    return all;
  }

  private static byte[] join(byte[] a, byte[] b) {
    var both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
