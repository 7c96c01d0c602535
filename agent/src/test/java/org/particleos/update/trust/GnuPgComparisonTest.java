package org.particleos.update.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.trust.SignatureVerdict.Problem;

/**
 * The verdicts of {@link SignatureVerifier} next to those of the real gpgv, on keys and signatures
 * that the real gpg made.
 */
class GnuPgComparisonTest {
  private static final byte[] DATA =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 *ParticleOS_42.efi\n"
          .getBytes(StandardCharsets.UTF_8);
  private static final byte[] OTHER_DATA = "other\n".getBytes(StandardCharsets.UTF_8);
  private static final byte[] NOTHING = {};

  private static final String AGREES = "";
  private static final String WEAK = "what it made can be forged";
  private static final String STALE_KEY = "gpgv only warns; its owner said not to use it";
  private static final String ROTATION =
      "gpgv's status is an error if a key of several is unknown; a publisher who changes keys signs"
          + " with both (apt decides alike)";

  /**
   * One row of the table, judged.
   *
   * @param problem what we are to find; empty if we are to trust it
   * @param whyWeDiffer from gpgv; {@link #AGREES} if we do not
   */
  private record Case(
      String name,
      Optional<Problem> problem,
      boolean gpgvAccepts,
      String whyWeDiffer,
      SignatureVerdict ourVerdict,
      boolean gpgvAccepted) {}

  private final List<Case> cases = new ArrayList<>();
  private final List<DynamicTest> notCompared = new ArrayList<>();
  private final GnuPg gpg = GnuPg.start();

  private void trusted(String name, byte[] keyring, byte[] signature) {
    add(name, keyring, signature, Optional.empty(), true, AGREES);
  }

  private void refused(String name, byte[] keyring, byte[] signature, Problem problem) {
    add(name, keyring, signature, Optional.of(problem), false, AGREES);
  }

  private void onlyWeTrust(String name, byte[] keyring, byte[] signature, String why) {
    add(name, keyring, signature, Optional.empty(), false, why);
  }

  private void onlyWeRefuse(
      String name, byte[] keyring, byte[] signature, Problem problem, String why) {
    add(name, keyring, signature, Optional.of(problem), true, why);
  }

  private void add(
      String name,
      byte[] keyring,
      byte[] signature,
      Optional<Problem> problem,
      boolean gpgvAccepts,
      String why) {
    add(name, List.of(keyring), DATA, signature, problem, gpgvAccepts, why);
  }

  private void add(
      String name,
      List<byte[]> keyrings,
      byte[] data,
      byte[] signature,
      Optional<Problem> problem,
      boolean gpgvAccepts,
      String why) {
    var files = keyrings.stream().map(gpg::file).toList();
    cases.add(
        new Case(
            name,
            problem,
            gpgvAccepts,
            why,
            // gpgv knows no other time than the real one.
            new SignatureVerifier().verify(data, signature, load(files), Instant.now()),
            gpg.gpgvAccepts(data, signature, files)));
  }

  private static Keyring load(List<Path> files) {
    try {
      return Keyring.load(files);
    } catch (UpdateException e) {
      throw new AssertionError(e);
    }
  }

  @TestFactory
  Stream<DynamicTest> theVerdictIsThatOfGpgvExceptWhereWeMeanToDiffer() {
    try (gpg) {
      fill();
    }
    assertTrue(cases.size() >= 25, "the table got lost");
    return Stream.concat(
        cases.stream().map(row -> DynamicTest.dynamicTest(row.name, () -> check(row))),
        notCompared.stream());
  }

  private static void check(Case row) {
    if (row.problem.isPresent()) {
      var refused = assertInstanceOf(SignatureVerdict.Refused.class, row.ourVerdict);
      assertTrue(
          refused.findings().stream().anyMatch(f -> f.problem() == row.problem.get()),
          () -> row.problem.get() + " is not among " + refused.findings());
    } else {
      assertInstanceOf(SignatureVerdict.Trusted.class, row.ourVerdict);
    }
    // Where we refuse, a newer gpgv may have come to refuse too.
    if (row.problem.isEmpty() || row.gpgvAccepted) {
      assertEquals(
          row.gpgvAccepts, row.gpgvAccepted, "gpgv decides in another way than the table says");
    }
    assertEquals(
        row.whyWeDiffer.isEmpty(),
        row.problem.isEmpty() == row.gpgvAccepts,
        "a difference and its reason go together");
  }

  private void fill() {
    algorithms();
    gpg.makeKey("vendor", "ed25519");
    gpg.makeKey("second", "ed25519");
    gpg.makeKey("stranger", "ed25519");
    forms();
    damage();
    dates();
    severalSignatures();
    lifeOfKeys();
    subkeys();
  }

  private void algorithms() {
    for (var algorithm :
        List.of("rsa2048", "rsa3072", "rsa4096", "ed25519", "nistp256", "nistp384", "nistp521")) {
      var name = "key-" + algorithm;
      gpg.makeKey(name, algorithm);
      trusted("good signature by " + algorithm, gpg.export(name), gpg.sign(name, DATA));
    }
    whereGpgStillMakesIt(() -> {
      gpg.makeKey("key-rsa1024", "rsa1024");
      onlyWeRefuse(
          "RSA of 1024 bits",
          gpg.export("key-rsa1024"),
          gpg.sign("key-rsa1024", DATA),
          Problem.WEAK_KEY,
          WEAK);
    });
    whereGpgStillMakesIt(() -> {
      gpg.makeKey("key-dsa", "dsa2048");
      onlyWeRefuse(
          "DSA",
          gpg.export("key-dsa"),
          gpg.sign("key-dsa", DATA),
          Problem.NOT_SUPPORTED,
          "withdrawn by FIPS 186-5");
    });
    whereGpgStillMakesIt(() -> {
      gpg.makeKey("key-brainpool", "brainpoolP256r1");
      onlyWeRefuse(
          "ECDSA on a curve that is not NIST's",
          gpg.export("key-brainpool"),
          gpg.sign("key-brainpool", DATA),
          Problem.NOT_SUPPORTED,
          "no publisher uses it; less code that decides");
    });

    var rsa = gpg.export("key-rsa2048");
    trusted("SHA-512", rsa, gpg.sign("key-rsa2048", DATA, "--digest-algo", "SHA512"));
    trusted("SHA-384", rsa, gpg.sign("key-rsa2048", DATA, "--digest-algo", "SHA384"));
    trusted("SHA-224", rsa, gpg.sign("key-rsa2048", DATA, "--digest-algo", "SHA224"));
    whereGpgStillMakesIt(() -> {
      onlyWeRefuse(
          "SHA-1",
          rsa,
          gpg.sign("key-rsa2048", DATA, "--digest-algo", "SHA1"),
          Problem.WEAK_DIGEST,
          WEAK);
    });
    whereGpgStillMakesIt(() -> {
      onlyWeRefuse(
          "RIPEMD-160",
          rsa,
          gpg.sign("key-rsa2048", DATA, "--digest-algo", "RIPEMD160"),
          Problem.WEAK_DIGEST,
          WEAK);
    });
    whereGpgStillMakesIt(() -> {
      refused(
          "MD5", rsa, gpg.sign("key-rsa2048", DATA, "--digest-algo", "MD5"), Problem.WEAK_DIGEST);
    });
  }

  /** A GnuPG that does not make weak signatures any more leaves out the row. */
  private void whereGpgStillMakesIt(Runnable row) {
    try {
      row.run();
    } catch (GnuPg.Failed refusal) {
      notCompared.add(
          DynamicTest.dynamicTest(
              "not compared", () -> abort(String.valueOf(refusal.getMessage()))));
    }
  }

  private void forms() {
    var ring = gpg.export("vendor");
    var armored = text(gpg.sign("vendor", DATA, "--armor"));
    trusted("armored", ring, bytes(armored));
    trusted("armored with CRLF", ring, bytes(armored.replace("\n", "\r\n")));
    trusted("armored with text around it", ring, bytes("Hello,\n\n" + armored + "\nBye\n"));
    trusted("armored with a comment", ring, gpg.sign("vendor", DATA, "--armor", "--comment", "hi"));
    trusted(
        "armored without a checksum",
        ring,
        bytes(armored.replaceAll("(?m)^=[A-Za-z0-9+/]{4}\n", "")));
    onlyWeTrust(
        "armored with a wrong checksum",
        ring,
        bytes(armored.replaceAll("(?m)^=[A-Za-z0-9+/]{4}$", "=AAAA")),
        "RFC 9580 6.1 forbids to refuse it");
    trusted("text signature", ring, gpg.sign("vendor", DATA, "--textmode"));
    refused(
        "clear-signed instead of detached",
        ring,
        gpg.make("--clear-sign", DATA, "--local-user", "vendor"),
        Problem.MALFORMED);
    refused(
        "whole message instead of detached",
        ring,
        gpg.make("--sign", DATA, "--local-user", "vendor", "--compress-algo", "none"),
        Problem.MALFORMED);
    refused("zero bytes", ring, NOTHING, Problem.NO_SIGNATURE);
    refused(
        "empty armor",
        ring,
        bytes("-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n"),
        Problem.NO_SIGNATURE);
    refused("a web page", ring, bytes("<html>Not found</html>\n"), Problem.MALFORMED);
    refused("a public key", ring, ring, Problem.NO_SIGNATURE);
    refused("an armored public key", ring, gpg.exportArmored("vendor"), Problem.MALFORMED);
  }

  private void damage() {
    var ring = gpg.export("vendor");
    var good = gpg.sign("vendor", DATA);
    refused(
        "signature over other data", ring, gpg.sign("vendor", OTHER_DATA), Problem.BAD_SIGNATURE);
    refused("truncated", ring, Arrays.copyOf(good, good.length - 10), Problem.MALFORMED);
    refused("truncated to its first byte", ring, Arrays.copyOf(good, 1), Problem.MALFORMED);
    var flipped = good.clone();
    flipped[flipped.length - 5] ^= 0x10;
    refused("a flipped bit", ring, flipped, Problem.BAD_SIGNATURE);
    refused("garbage behind", ring, join(good, bytes("garbage\n")), Problem.MALFORMED);
    refused("a truncated one behind", ring, join(good, Arrays.copyOf(good, 30)), Problem.MALFORMED);
    refused("unknown key", gpg.export("second"), good, Problem.UNKNOWN_KEY);
  }

  private void dates() {
    var ring = gpg.export("vendor");
    trusted("made some years ago", ring, gpg.signAt("20210101T000000", "vendor", DATA));
    refused(
        "signature that has expired",
        ring,
        gpg.signAt("20240201T000000", "vendor", DATA, "--default-sig-expire", "1d"),
        Problem.SIGNATURE_EXPIRED);
    trusted(
        "signature that has not expired yet",
        ring,
        gpg.sign("vendor", DATA, "--default-sig-expire", "50y"));
    onlyWeRefuse(
        "dated in the future",
        ring,
        gpg.signAt("20900101T000000", "vendor", DATA),
        Problem.FUTURE_DATED,
        "nobody has signed it yet");
    refused(
        "dated before its key",
        ring,
        gpg.signAt("20190101T000000", "vendor", DATA, "--ignore-time-conflict"),
        Problem.OLDER_THAN_KEY);
  }

  private void severalSignatures() {
    var vendor = gpg.export("vendor");
    var both = gpg.export("vendor", "second");
    var byVendor = gpg.sign("vendor", DATA);
    var bySecond = gpg.sign("second", DATA);
    var byStranger = gpg.sign("stranger", DATA);
    var wrong = gpg.sign("second", OTHER_DATA);
    trusted("good and good", both, join(byVendor, bySecond));
    onlyWeTrust("good and unknown", both, join(byVendor, byStranger), ROTATION);
    onlyWeTrust("unknown and good", both, join(byStranger, byVendor), ROTATION);
    refused("good and bad", both, join(byVendor, wrong), Problem.BAD_SIGNATURE);
    refused("bad and good", both, join(wrong, byVendor), Problem.BAD_SIGNATURE);
    refused("unknown and unknown", vendor, join(byStranger, bySecond), Problem.UNKNOWN_KEY);
    onlyWeTrust(
        "archive style: one call signs with two keys, one known",
        vendor,
        gpg.signWith(DATA, "--local-user", "vendor", "--local-user", "second"),
        ROTATION);
    trusted(
        "archive style: armored, both known",
        both,
        gpg.signWith(DATA, "--armor", "--local-user", "vendor", "--local-user", "second"));
    onlyWeTrust(
        "archive style: armored, the first unknown",
        both,
        gpg.signWith(DATA, "--armor", "--local-user", "stranger", "--local-user", "second"),
        ROTATION);
    trusted(
        "two armored blocks",
        both,
        join(gpg.sign("vendor", DATA, "--armor"), gpg.sign("second", DATA, "--armor")));
    add(
        "two keyrings, the key is in the second",
        List.of(gpg.export("second"), vendor),
        DATA,
        byVendor,
        Optional.empty(),
        true,
        AGREES);
    add(
        "two keyrings, the key is in the first",
        List.of(vendor, gpg.export("second")),
        DATA,
        byVendor,
        Optional.empty(),
        true,
        AGREES);
    add(
        "an empty file, signed",
        List.of(vendor),
        NOTHING,
        gpg.sign("vendor", NOTHING),
        Optional.empty(),
        true,
        AGREES);
  }

  private void lifeOfKeys() {
    gpg.makeKey("expired", "ed25519", GnuPg.LONG_AGO, "2020-06-01");
    var byExpired = gpg.signAt("20200301T000000", "expired", DATA);
    onlyWeRefuse("expired key", gpg.export("expired"), byExpired, Problem.KEY_EXPIRED, STALE_KEY);
    trusted(
        "expired key beside a good one",
        gpg.export("expired", "vendor"),
        join(byExpired, gpg.sign("vendor", DATA)));
    var fingerprint = gpg.fingerprints("expired").getFirst();
    gpg.gpg("--quick-set-expire", fingerprint, "50y");
    trusted("expired key whose owner has prolonged it", gpg.export("expired"), byExpired);

    gpg.makeKey("revoked", "ed25519");
    var byRevoked = gpg.sign("revoked", DATA);
    trusted("key before it is revoked", gpg.export("revoked"), byRevoked);
    var before = gpg.export("revoked");
    gpg.revoke("revoked");
    var after = gpg.export("revoked");
    onlyWeRefuse("revoked key", after, byRevoked, Problem.KEY_REVOKED, STALE_KEY);
    add(
        "key that only the second keyring revokes",
        List.of(before, after),
        DATA,
        byRevoked,
        Optional.of(Problem.KEY_REVOKED),
        true,
        "gpgv looks at the first copy only");
  }

  private void subkeys() {
    gpg.makeKey("release", "ed25519");
    var withoutSubkey = gpg.export("release");
    var subkey = gpg.addSubkey("release", GnuPg.LONG_AGO, "never");
    var ring = gpg.export("release");
    var bySubkey = gpg.sign(subkey + "!", DATA);
    trusted("signing subkey", ring, bySubkey);
    refused("subkey that the keyring lacks", withoutSubkey, bySubkey, Problem.UNKNOWN_KEY);
    onlyWeTrust(
        "subkey that is sent along within the signature",
        withoutSubkey,
        gpg.sign(subkey + "!", DATA, "--include-key-block"),
        "gpgv takes no keys; the reference uses gpg --auto-key-import (transfer-files.md 12.4)");
    onlyWeTrust(
        "subkey that is sent along behind the signature",
        withoutSubkey,
        join(bySubkey, ring),
        "as above");
    refused(
        "whole certificate of a stranger, sent along",
        ring,
        join(gpg.sign("stranger", DATA), gpg.export("stranger")),
        Problem.UNKNOWN_KEY);
    refused(
        "whole certificate of a stranger, within the signature",
        ring,
        gpg.sign("stranger", DATA, "--include-key-block"),
        Problem.UNKNOWN_KEY);

    gpg.edit("release", "key 1", "change-usage", "S", "A", "Q", "save");
    refused(
        "subkey that is not for signing any more",
        gpg.export("release"),
        bySubkey,
        Problem.KEY_NOT_FOR_SIGNING);

    gpg.makeKey("certifier", "ed25519");
    var byCertifier = gpg.sign("certifier", DATA);
    trusted("primary key that may sign", gpg.export("certifier"), byCertifier);
    gpg.edit("certifier", "change-usage", "S", "Q", "save");
    refused(
        "primary key that may only certify",
        gpg.export("certifier"),
        byCertifier,
        Problem.KEY_NOT_FOR_SIGNING);

    gpg.makeKey("aged", "ed25519");
    var aged = gpg.addSubkey("aged", GnuPg.LONG_AGO, "2020-06-01");
    onlyWeRefuse(
        "expired subkey",
        gpg.export("aged"),
        gpg.signAt("20200301T000000", aged + "!", DATA),
        Problem.KEY_EXPIRED,
        STALE_KEY);

    gpg.makeKey("gone", "ed25519");
    var gone = gpg.addSubkey("gone", GnuPg.LONG_AGO, "never");
    var byGone = gpg.sign(gone + "!", DATA);
    trusted("subkey before its primary key is revoked", gpg.export("gone"), byGone);
    gpg.revoke("gone");
    onlyWeRefuse(
        "subkey of a revoked key", gpg.export("gone"), byGone, Problem.KEY_REVOKED, STALE_KEY);

    gpg.makeKey("ended", "ed25519", GnuPg.LONG_AGO, "2020-06-01");
    var ended = gpg.addSubkey("ended", "20200201T000000", "never");
    onlyWeRefuse(
        "subkey of an expired key",
        gpg.export("ended"),
        gpg.signAt("20200301T000000", ended + "!", DATA),
        Problem.KEY_EXPIRED,
        STALE_KEY);

    gpg.makeKey("married", "ed25519");
    var married = gpg.fingerprints("married").getFirst();
    gpg.gpg("--quick-add-uid", married, "new-name");
    gpg.gpg("--quick-revoke-uid", married, "married");
    trusted("key of which a user ID is revoked", gpg.export(married), gpg.sign(married, DATA));

    gpg.makeKey("lost", "ed25519");
    var lost = gpg.addSubkey("lost", GnuPg.LONG_AGO, "never");
    var byLost = gpg.sign(lost + "!", DATA);
    gpg.edit("lost", "key 1", "revkey", "y", "0", "", "y", "save");
    onlyWeRefuse("revoked subkey", gpg.export("lost"), byLost, Problem.KEY_REVOKED, STALE_KEY);
    trusted(
        "primary key of which a subkey is revoked",
        gpg.export("lost"),
        gpg.sign(gpg.fingerprints("lost").getFirst() + "!", DATA));
  }

  private static byte[] join(byte[] a, byte[] b) {
    var both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
