package org.particleos.update.trust;

import java.net.URI;
import java.util.Optional;
import org.particleos.update.failure.UpdateException;

/** Reads a small file from a server. Implemented where HTTP is known. */
public interface Fetcher {
  /**
   * The whole file, decompressed if it begins with the magic bytes of a known compression
   * (transfer-files.md 11.1).
   *
   * @param limitBytes refuse a file that is longer, decompressed or not
   * @return empty if the server answers that there is no such file (404)
   */
  Optional<byte[]> fetch(URI uri, long limitBytes) throws UpdateException;
}
