package org.particleos.update.fetch;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Kernel;
import org.particleos.update.trust.Fetcher;

/**
 * Fetches manifests and keeps them from one run to the next, so that a manifest that did not change
 * costs one question without a body ({@code If-None-Match}, {@code If-Modified-Since}).
 *
 * <p>A manifest is kept together with the signature that was found good for it. As long as the
 * server says that the manifest is the same, its signature files are not asked for: the kept
 * signature is over just these bytes, and is judged anew against the keys and the clock of now. As
 * soon as the manifest is another one, or the signature does not hold any more, both are fetched in
 * full. So a server that is in the middle of replacing the two can never make an old signature meet
 * a new manifest for longer than one attempt.
 *
 * <p>A server that claims for ever that nothing has changed holds a machine back no more than one
 * that sends the old manifest for ever; best-before dates are against both.
 *
 * <p>Where nothing can be kept, because the directory cannot be written or read by whoever runs
 * this, everything is fetched each time. Used by one thread at a time.
 */
public final class RememberingFetcher implements Fetcher {
  private final HttpFetcher http;
  private final Cancellation cancellation;
  private final ManifestStore store;
  private final Map<URI, ManifestStore.Entry> fetched = new HashMap<>();
  private final Map<URI, ManifestStore.Entry> unchanged = new HashMap<>();

  /**
   * @param directory is created when there is something to keep
   */
  public RememberingFetcher(
      HttpFetcher http, Cancellation cancellation, Kernel kernel, Path directory) {
    this.http = http;
    this.cancellation = cancellation;
    this.store = new ManifestStore(kernel, directory);
  }

  @Override
  public Optional<byte[]> fetch(URI uri, long limitBytes) throws UpdateException {
    var kept = kept(uri).filter(entry -> entry.body().length <= limitBytes);
    fetched.remove(uri);
    unchanged.remove(uri);
    var state = kept.map(ManifestStore.Entry::state);
    return switch (http.fetchUnless(state, uri, limitBytes, cancellation)) {
      case SmallFile.Missing() -> Optional.empty();
      case SmallFile.Unchanged() -> {
        unchanged.put(uri, kept.orElseThrow());
        yield kept.map(entry -> entry.body().clone());
      }
      case SmallFile.Fresh fresh -> {
        fetched.put(uri, new ManifestStore.Entry(fresh.state(), fresh.bytes(), Optional.empty()));
        yield Optional.of(fresh.bytes());
      }
    };
  }

  private Optional<ManifestStore.Entry> kept(URI uri) {
    try {
      return store.read(uri);
    } catch (IOException _) {
      // It may belong to root. Without it the manifest is fetched in full.
      return Optional.empty();
    }
  }

  @Override
  public Optional<byte[]> signatureKept(URI uri) {
    return Optional.ofNullable(unchanged.get(uri))
        .flatMap(ManifestStore.Entry::signature)
        .map(byte[]::clone);
  }

  @Override
  public void keep(URI uri, Optional<byte[]> signature) {
    var entry = Optional.ofNullable(fetched.get(uri)).or(() -> withoutSignature(uri));
    if (entry.isPresent() && entry.get().state().known()) {
      try {
        store.write(
            uri, new ManifestStore.Entry(entry.get().state(), entry.get().body(), signature));
      } catch (IOException _) {
        // Others than root have nowhere to keep it, and a full or read-only disk is no reason
        // not to look for updates.
      }
    }
  }

  /** One that was kept by a run that needed no signature. */
  private Optional<ManifestStore.Entry> withoutSignature(URI uri) {
    return Optional.ofNullable(unchanged.get(uri)).filter(entry -> entry.signature().isEmpty());
  }

  @Override
  public boolean forget(URI uri) {
    fetched.remove(uri);
    boolean fromStore = unchanged.remove(uri) != null;
    try {
      store.remove(uri);
    } catch (IOException _) {
      // Then the next run finds it bad once more, and fetches in full once more.
      return false;
    }
    return fromStore;
  }
}
