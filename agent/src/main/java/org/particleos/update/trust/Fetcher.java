package org.particleos.update.trust;

import java.net.URI;
import java.util.Optional;
import org.particleos.update.failure.UpdateException;

/**
 * Reads a small file from a server. Implemented where HTTP is known.
 *
 * <p>An implementation may keep files from one run to the next and ask the server only whether they
 * changed. What was kept is worth no more than what came over the wire: who asks judges it again,
 * and says what came out.
 */
public interface Fetcher {
  /**
   * The whole file, decompressed if it begins with the magic bytes of a known compression
   * (transfer-files.md 11.1).
   *
   * @param limitBytes refuse a file that is longer, decompressed or not
   * @return empty if the server answers that there is no such file (404)
   */
  Optional<byte[]> fetch(URI uri, long limitBytes) throws UpdateException;

  /**
   * The signature that was kept together with a file; only if the last {@link #fetch} of that file
   * gave what was kept, because the server says that it did not change since.
   */
  default Optional<byte[]> signatureKept(URI uri) {
    return Optional.empty();
  }

  /** What the last {@link #fetch} gave was found good, and may be kept for the next run. */
  default void keep(URI uri, Optional<byte[]> signature) {}

  /**
   * What the last {@link #fetch} gave was found bad; whatever is kept of it goes.
   *
   * @return whether it came from what was kept, so that the next fetch, which is in full, may give
   *     something else
   */
  default boolean forget(URI uri) {
    return false;
  }
}
