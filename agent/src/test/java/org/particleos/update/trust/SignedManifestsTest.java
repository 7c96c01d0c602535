package org.particleos.update.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

class SignedManifestsTest {
  private static final URI BASE = URI.create("https://example.org/os");
  private static final String MANIFEST = "https://example.org/os/SHA256SUMS";
  private static final String SIGNATURE = MANIFEST + ".gpg";
  private static final String LAST_SIGNATURE = MANIFEST + ".asc";
  private static final byte[] LISTING = listing("ParticleOS_42.efi");
  private static final byte[] NEWER_LISTING = listing("ParticleOS_43.efi");

  @TempDir Path directory;

  private final Server server = new Server();
  private final Publisher vendor = new Publisher("Vendor");
  private int keyringLoads;

  /** Answers with what it holds; several versions of a file are handed out one after the other. */
  private static final class Server implements Fetcher {
    private final Map<String, Deque<byte[]>> files = new HashMap<>();
    private final List<String> asked = new ArrayList<>();
    private final List<Long> limits = new ArrayList<>();

    void put(String uri, byte[]... versions) {
      files.put(uri, new ArrayDeque<>(List.of(versions)));
    }

    @Override
    public Optional<byte[]> fetch(URI uri, long limitBytes) {
      asked.add(uri.toString());
      limits.add(limitBytes);
      var versions = files.get(uri.toString());
      if (versions == null) {
        return Optional.empty();
      }
      return Optional.of(versions.size() > 1 ? versions.remove() : versions.element());
    }
  }

  // --- what was kept from an earlier run

  /** Gives what was kept until it is told that it is bad. */
  private final class Keeping implements Fetcher {
    private Optional<byte[]> kept;
    private Optional<byte[]> keptSignature;
    private final List<byte[]> newlyKept = new ArrayList<>();

    Keeping(byte[] kept, byte[] signature) {
      this.kept = Optional.of(kept);
      this.keptSignature = Optional.of(signature);
    }

    @Override
    public Optional<byte[]> fetch(URI uri, long limitBytes) {
      return uri.toString().equals(MANIFEST) && kept.isPresent()
          ? kept
          : server.fetch(uri, limitBytes);
    }

    @Override
    public Optional<byte[]> signatureKept(URI uri) {
      return keptSignature;
    }

    @Override
    public void keep(URI uri, Optional<byte[]> signature) {
      newlyKept.add(signature.orElseThrow());
    }

    @Override
    public boolean forget(URI uri) {
      boolean was = kept.isPresent();
      kept = Optional.empty();
      keptSignature = Optional.empty();
      return was;
    }
  }

  private TrustedManifest fetchKeeping(Keeping keeping) throws UpdateException {
    return manifests(keeping).fetch(BASE, true);
  }

  @Test
  void aKeptSignatureThatHoldsSavesAskingForOne() throws Exception {
    var keeping = new Keeping(LISTING, vendor.sign(LISTING));

    var trusted = fetchKeeping(keeping);

    assertEquals("ParticleOS_42.efi", trusted.manifest().entries().getFirst().name());
    assertEquals(List.of(), server.asked);
  }

  @Test
  void whatWasKeptIsNotTrustedAndFetchedAnewIfItsSignatureDoesNotHold() throws Exception {
    server.put(MANIFEST, NEWER_LISTING);
    server.put(SIGNATURE, vendor.sign(NEWER_LISTING));
    var stranger = new Publisher("Stranger");
    for (byte[] signature : List.of(stranger.sign(LISTING), vendor.sign(NEWER_LISTING))) {
      var keeping = new Keeping(LISTING, signature);

      var trusted = fetchKeeping(keeping);

      assertEquals("ParticleOS_43.efi", trusted.manifest().entries().getFirst().name());
      assertEquals(1, keeping.newlyKept.size());
    }
  }

  @Test
  void aSignedManifestSaysWhoSignedIt() throws Exception {
    server.put(MANIFEST, LISTING);
    server.put(SIGNATURE, vendor.sign(LISTING));

    var trusted = manifests().fetch(BASE, true);

    assertEquals(BASE, trusted.base());
    assertEquals("ParticleOS_42.efi", trusted.manifest().entries().getFirst().name());
    assertEquals(vendor.fingerprint(), trusted.signer().orElseThrow().primaryFingerprint());
  }

  @Test
  void anUnsignedManifestIsTakenOnlyWithoutVerification() throws Exception {
    server.put(MANIFEST, LISTING);

    assertEquals(Optional.empty(), manifests().fetch(BASE, false).signer());
    assertReason(Reason.SIGNATURE_MISSING, assertRefused());
  }

  @Test
  void withoutVerificationNoKeyringIsReadAndNoSignatureFetched() throws Exception {
    server.put(MANIFEST, LISTING);

    var _ = manifests().fetch(BASE, false);

    assertEquals(0, keyringLoads);
    assertEquals(List.of(MANIFEST), server.asked);
  }

  @Test
  void withoutAKeyringNothingIsFetched() {
    var location = new KeyringLocation(directory, Map.of());
    var manifests = new SignedManifests(server, location, InstantSource.system());

    var refusal = assertThrows(UpdateException.class, () -> manifests.fetch(BASE, true));

    assertReason(Reason.KEYRING_MISSING, refusal);
    assertEquals(List.of(), server.asked);
  }

  @Test
  void signaturesAreLookedForInTheOrderOfTheSpecificationWithinTheirLimits() throws Exception {
    server.put(MANIFEST, LISTING);
    server.put(LAST_SIGNATURE, vendor.sign(LISTING));

    var _ = manifests().fetch(BASE, true);

    assertEquals(
        List.of(
            MANIFEST,
            MANIFEST + ".sha256.asc",
            MANIFEST + ".sha256.gpg",
            MANIFEST + ".gpg",
            MANIFEST + ".asc"),
        server.asked);
    assertEquals(
        List.of(4_194_304L, 1_048_576L, 1_048_576L, 1_048_576L, 1_048_576L), server.limits);
  }

  @Test
  void theFirstSignatureThatExistsDecides() {
    server.put(MANIFEST, LISTING);
    server.put(SIGNATURE, new Publisher("Stranger").sign(LISTING));
    server.put(LAST_SIGNATURE, vendor.sign(LISTING));

    assertReason(Reason.SIGNATURE_INVALID, assertRefused());
  }

  @Test
  void anEmptySignatureIsRefused() {
    server.put(MANIFEST, LISTING);
    server.put(SIGNATURE, new byte[0]);

    assertReason(Reason.SIGNATURE_INVALID, assertRefused());
  }

  @Test
  void aSignatureByAStrangerIsRefusedWithTheKeyAndTheWayOut() {
    var stranger = new Publisher("Stranger");
    server.put(MANIFEST, LISTING);
    server.put(SIGNATURE, stranger.sign(LISTING));

    var refusal = assertRefused();

    assertReason(Reason.SIGNATURE_INVALID, refusal);
    assertEquals(
        "refused \"" + MANIFEST + "\": it is not signed by a trusted key", refusal.getMessage());
    var grouped = stranger.fingerprint().replaceAll("(.{4})(?=.)", "$1 ");
    assertEquals(
        "signature by key " + grouped + " (not in the keyring)", refusal.found().orElseThrow());
    assertTrue(refusal.remedy().contains("check the URL of the source"));
    assertEquals(1, server.asked.stream().filter(MANIFEST::equals).count(), "no use to try again");
  }

  @Test
  void aManifestThatIsReplacedBetweenTwoDownloadsIsFetchedAgain() throws Exception {
    server.put(MANIFEST, LISTING, NEWER_LISTING);
    server.put(SIGNATURE, vendor.sign(NEWER_LISTING));

    var trusted = manifests().fetch(BASE, true);

    assertEquals("ParticleOS_43.efi", trusted.manifest().entries().getFirst().name());
    assertEquals(2, server.asked.stream().filter(MANIFEST::equals).count());
    assertEquals(2, server.asked.stream().filter(SIGNATURE::equals).count());
  }

  @Test
  void aPairThatNeverMatchesIsRefusedAfterThreeTries() {
    server.put(MANIFEST, LISTING);
    server.put(SIGNATURE, vendor.sign(NEWER_LISTING));

    assertReason(Reason.SIGNATURE_INVALID, assertRefused());
    assertEquals(3, server.asked.stream().filter(MANIFEST::equals).count());
    assertEquals(3, server.asked.stream().filter(SIGNATURE::equals).count());
  }

  @Test
  void aMalformedManifestIsRefusedAlthoughItIsSigned() {
    var page = "<html>".getBytes(StandardCharsets.UTF_8);
    server.put(MANIFEST, page);
    server.put(SIGNATURE, vendor.sign(page));

    assertReason(Reason.MANIFEST_MALFORMED, assertRefused());
  }

  @Test
  void aMissingManifestIsNoQuestionOfTrust() {
    var failure = assertRefused();

    assertInstanceOf(UpdateException.Unreachable.class, failure);
    assertReason(Reason.HTTP_NOT_FOUND, failure);
    assertTrue(failure.remedy().contains("wrong URL"));
  }

  @Test
  void aManifestIsFetchedOnceForEachModeOfVerification() throws Exception {
    server.put(MANIFEST, LISTING);
    server.put(SIGNATURE, vendor.sign(LISTING));
    var manifests = manifests();

    var first = manifests.fetch(BASE, true);
    var again = manifests.fetch(URI.create(BASE + "/?x#y"), true);
    var unverified = manifests.fetch(BASE, false);

    assertSame(first, again);
    assertEquals(Optional.empty(), unverified.signer());
    assertEquals(2, server.asked.stream().filter(MANIFEST::equals).count());
    assertEquals(1, keyringLoads);
  }

  @Test
  void aFailureIsNotRemembered() throws Exception {
    server.put(MANIFEST, LISTING);
    var manifests = manifests();
    assertThrows(UpdateException.class, () -> manifests.fetch(BASE, true));

    server.put(SIGNATURE, vendor.sign(LISTING));

    assertTrue(manifests.fetch(BASE, true).signer().isPresent());
  }

  @Test
  void moreSourcesThanTheCacheHoldsAreStillServed() throws Exception {
    var manifests = manifests();
    for (int i = 0; i <= SignedManifests.CACHE_ENTRIES_MAX; i++) {
      server.put("https://example.org/" + i + "/SHA256SUMS", LISTING);

      assertEquals(
          1,
          manifests
              .fetch(URI.create("https://example.org/" + i), false)
              .manifest()
              .entries()
              .size());
    }
  }

  @Test
  void aPasswordInTheUrlStaysOutOfTheMessage() {
    var manifests = manifests();

    var failure =
        assertThrows(
            UpdateException.class,
            () -> manifests.fetch(URI.create("https://me:secret@example.org/os"), false));

    assertTrue(String.valueOf(failure.getMessage()).contains("\"" + MANIFEST + "\""));
  }

  private record Location(String base, String manifest) {}

  @TestFactory
  Stream<DynamicTest> theManifestIsBesideTheFilesOfTheSource() {
    return Stream.of(
            new Location("https://example.org/os", MANIFEST),
            new Location("https://example.org/os///", MANIFEST),
            new Location("https://example.org/os/?a=b/", MANIFEST),
            new Location("https://example.org/os#c?d", MANIFEST),
            new Location("https://example.org", "https://example.org/SHA256SUMS"),
            new Location("https://example.org/", "https://example.org/SHA256SUMS"),
            new Location(
                "https://example.org:8443/a%20b/", "https://example.org:8443/a%20b/SHA256SUMS"),
            new Location("https://[::1]/os/", "https://[::1]/os/SHA256SUMS"),
            new Location("file:///srv/os/", "file:///srv/os/SHA256SUMS"),
            new Location("file:///", "file:///SHA256SUMS"))
        .map(row ->
            dynamicTest(
                row.base,
                () -> {
                  server.asked.clear();
                  server.put(row.manifest, LISTING);

                  var _ = manifests().fetch(URI.create(row.base), false);

                  assertEquals(List.of(row.manifest), server.asked);
                }));
  }

  private SignedManifests manifests() {
    return manifests(server);
  }

  private SignedManifests manifests(Fetcher fetcher) {
    KeyringSource keyrings =
        () -> {
          keyringLoads++;
          var file = directory.resolve("ring.pgp");
          return Keyring.load(List.of(write(file, vendor.certificate())));
        };
    return new SignedManifests(
        fetcher, keyrings, InstantSource.fixed(Publisher.CREATED.plus(Duration.ofDays(1))));
  }

  private static Path write(Path file, byte[] content) {
    try {
      return Files.write(file, content);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private UpdateException assertRefused() {
    var manifests = manifests();
    return assertThrows(UpdateException.class, () -> manifests.fetch(BASE, true));
  }

  private static void assertReason(Reason expected, UpdateException refusal) {
    assertEquals(expected, refusal.reason());
  }

  private static byte[] listing(String name) {
    return ("0".repeat(64) + " *" + name + "\n").getBytes(StandardCharsets.UTF_8);
  }
}
