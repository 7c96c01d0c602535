package org.particleos.update.trust;

import java.net.URI;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * Fetches manifests and checks who signed them (transfer-files.md 11.1 and 12).
 *
 * <p>Each is fetched once: an instance lives as long as one loaded installation, and whoever asks
 * twice gets the same answer. Failures are not remembered. Safe for several threads, which wait for
 * each other.
 */
public final class SignedManifests {
  static final String MANIFEST_NAME = "SHA256SUMS";

  /** In this order; the third is the documented one (transfer-files.md 12.2). */
  static final List<String> SIGNATURE_NAMES =
      List.of("SHA256SUMS.sha256.asc", "SHA256SUMS.sha256.gpg", "SHA256SUMS.gpg", "SHA256SUMS.asc");

  /**
   * A publisher replaces two files one after the other, so one may be new and the other old. A
   * third try meets the same moment only on a server that is broken.
   */
  static final int PAIR_ATTEMPTS_MAX = 3;

  /** As the reference; an installation has one source or a few. Further ones are fetched again. */
  static final int CACHE_ENTRIES_MAX = 64;

  /** More of them make a message harder to read. */
  private static final int FINDINGS_SHOWN_MAX = 4;

  private final Fetcher fetcher;
  private final KeyringSource keyrings;
  private final InstantSource clock;
  private final SignatureVerifier verifier = new SignatureVerifier();
  private final Map<Request, TrustedManifest> cache = new HashMap<>();
  private @Nullable Keyring keyring;

  private record Request(URI directory, boolean verify) {}

  /**
   * @param keyrings asked at most once, when something is to be verified, before anything is
   *     fetched
   */
  public SignedManifests(Fetcher fetcher, KeyringSource keyrings, InstantSource clock) {
    this.fetcher = fetcher;
    this.keyrings = keyrings;
    this.clock = clock;
  }

  /**
   * The manifest of a source.
   *
   * @param base the {@code Path=} of a URL source; query, fragment and trailing slashes do not
   *     count
   * @param verify whether a trusted key must have signed it
   * @throws UpdateException.NotTrusted if it is malformed, not signed, or not by a trusted key; or
   *     if there is no keyring
   * @throws UpdateException.Unreachable if there is none, or whatever the fetcher throws
   */
  public synchronized TrustedManifest fetch(URI base, boolean verify) throws UpdateException {
    var request = new Request(directory(base), verify);
    var known = cache.get(request);
    if (known != null) {
      return known;
    }
    var manifest = verify ? fetchVerified(request.directory) : fetchUnverified(request.directory);
    if (cache.size() < CACHE_ENTRIES_MAX) {
      cache.put(request, manifest);
    }
    return manifest;
  }

  private TrustedManifest fetchUnverified(URI directory) throws UpdateException {
    var uri = file(directory, MANIFEST_NAME);
    while (true) {
      byte[] bytes = manifestBytes(uri);
      try {
        var manifest = Manifest.parse(bytes, shown(uri));
        fetcher.keep(uri, Optional.empty());
        return new TrustedManifest(directory, manifest, Optional.empty());
      } catch (UpdateException.NotTrusted e) {
        if (!fetcher.forget(uri)) {
          throw e;
        }
      }
    }
  }

  /**
   * A signature that was kept stands in for the one of the server only beside the manifest that it
   * was kept with. If it does not hold, what was kept is worth nothing, which is no attempt.
   */
  private TrustedManifest fetchVerified(URI directory) throws UpdateException {
    var trusted = keyring();
    var uri = file(directory, MANIFEST_NAME);
    int attempt = 1;
    while (true) {
      byte[] bytes = manifestBytes(uri);
      var kept = fetcher.signatureKept(uri);
      byte[] signature = kept.isPresent() ? kept.get() : signatureBytes(directory);
      switch (verifier.verify(bytes, signature, trusted, clock.instant())) {
        case SignatureVerdict.Trusted(var signer, _) -> {
          var manifest = Manifest.parse(bytes, shown(uri));
          if (kept.isEmpty()) {
            fetcher.keep(uri, Optional.of(signature));
          }
          return new TrustedManifest(directory, manifest, Optional.of(signer));
        }
        case SignatureVerdict.Refused refused -> {
          if (!fetcher.forget(uri)) {
            if (!refused.dataDiffers() || attempt == PAIR_ATTEMPTS_MAX) {
              throw refusal(uri, refused, trusted);
            }
            attempt++;
          }
        }
      }
    }
  }

  private Keyring keyring() throws UpdateException {
    var loaded = keyring;
    if (loaded == null) {
      loaded = keyrings.load();
      keyring = loaded;
    }
    return loaded;
  }

  private byte[] manifestBytes(URI uri) throws UpdateException {
    var bytes = fetcher.fetch(uri, Manifest.SIZE_BYTES_MAX);
    if (bytes.isEmpty()) {
      throw UpdateException.because(
              Reason.HTTP_NOT_FOUND,
              "fetching the list of versions failed: there is no " + Quote.quote(shown(uri)))
          .found("the server, or the directory, does not have that file (HTTP: 404)")
          .remedy("check Path= of the source, it may be the wrong URL; or ask the publisher")
          .unreachable();
    }
    return bytes.get();
  }

  private byte[] signatureBytes(URI directory) throws UpdateException {
    for (var name : SIGNATURE_NAMES) {
      var bytes = fetcher.fetch(file(directory, name), SignatureVerifier.SIZE_BYTES_MAX);
      if (bytes.isPresent()) {
        return bytes.get();
      }
    }
    throw UpdateException.because(
            Reason.SIGNATURE_MISSING,
            "refused "
                + Quote.quote(shown(file(directory, MANIFEST_NAME)))
                + ": it has no signature beside it")
        .found("none of " + String.join(", ", SIGNATURE_NAMES))
        .remedy(
            "ask the publisher to sign SHA256SUMS; only where the source is trusted for another"
                + " reason, set Verify=no in its transfer files")
        .notTrusted();
  }

  private static UpdateException refusal(
      URI uri, SignatureVerdict.Refused refused, Keyring keyring) {
    var findings = refused.findings();
    var found =
        findings.stream()
            .limit(FINDINGS_SHOWN_MAX)
            .map(SignatureVerdict.Finding::toString)
            .collect(Collectors.joining("; "));
    if (findings.size() > FINDINGS_SHOWN_MAX) {
      found += "; and " + (findings.size() - FINDINGS_SHOWN_MAX) + " more";
    }
    return UpdateException.because(
            Reason.SIGNATURE_INVALID,
            "refused " + Quote.quote(shown(uri)) + ": it is not signed by a trusted key")
        .found(found)
        .remedy(remedy(decisive(refused).problem(), keyring))
        .notTrusted();
  }

  /** Data that differs is more telling than another signature by an unknown key. */
  private static SignatureVerdict.Finding decisive(SignatureVerdict.Refused refused) {
    return refused.findings().stream()
        .filter(finding -> finding.problem() != SignatureVerdict.Problem.UNKNOWN_KEY)
        .findFirst()
        .orElse(refused.findings().getFirst());
  }

  private static String remedy(SignatureVerdict.Problem problem, Keyring keyring) {
    var files = keyring.files().stream().map(Object::toString).collect(Collectors.joining(", "));
    return switch (problem) {
      case UNKNOWN_KEY ->
          "check the URL of the source; if the publisher changed keys, get the new one by a trusted"
              + " way (keys are read from "
              + files
              + ")";
      case BAD_SIGNATURE ->
          "try again later, the server may be in the middle of publishing; if it stays, somebody"
              + " changed the file: tell the publisher";
      case NO_SIGNATURE, MALFORMED ->
          "check the URL of the source; the publisher has to write the signature with"
              + " `gpg --detach-sign`";
      case NOT_SUPPORTED, WEAK_DIGEST, WEAK_KEY ->
          "tell the publisher to sign with SHA-256 or better, by an RSA key of at least 2048 bits,"
              + " an Ed25519 key or one on a NIST curve";
      case KEY_EXPIRED, KEY_REVOKED, KEY_NOT_FOR_SIGNING ->
          "get the publisher's current key by a trusted way (keys are read from " + files + ")";
      case SIGNATURE_EXPIRED ->
          "check the clock of this machine; else the publisher has to sign anew";
      case FUTURE_DATED, OLDER_THAN_KEY ->
          "check the clock of this machine, and the publisher's one";
    };
  }

  /**
   * The web directory that a source's {@code Path=} means: without query, fragment and trailing
   * slashes (transfer-files.md 11.1).
   */
  public static URI directory(URI base) {
    var text = base.toString();
    int end = 0;
    while (end < text.length() && text.charAt(end) != '?' && text.charAt(end) != '#') {
      end++;
    }
    int slashes = end;
    while (slashes > 0 && text.charAt(slashes - 1) == '/') {
      slashes--;
    }
    // "file:" alone is no URI: the root directory keeps its slashes.
    boolean isRoot = slashes > 0 && text.charAt(slashes - 1) == ':';
    return URI.create(text.substring(0, isRoot ? end : slashes));
  }

  private static URI file(URI directory, String name) {
    var text = directory.toString();
    return URI.create(text.endsWith("/") ? text + name : text + "/" + name);
  }

  /** For messages: a password in a URL stays out of logs. */
  static String shown(URI uri) {
    var userInfo = uri.getRawUserInfo();
    return userInfo == null ? uri.toString() : uri.toString().replace(userInfo + "@", "");
  }
}
