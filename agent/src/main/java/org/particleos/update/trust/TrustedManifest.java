package org.particleos.update.trust;

import java.net.URI;
import java.util.Optional;

/**
 * A manifest that may be acted upon: either a trusted key signed it, or the administrator chose to
 * do without. Only {@link SignedManifests} makes them.
 */
public final class TrustedManifest {
  private final URI base;
  private final Manifest manifest;
  private final Optional<Signer> signer;

  TrustedManifest(URI base, Manifest manifest, Optional<Signer> signer) {
    this.base = base;
    this.manifest = manifest;
    this.signer = signer;
  }

  /**
   * The directory that names in the manifest are relative to; without a trailing slash, unless it
   * is {@code file:///}.
   */
  public URI base() {
    return base;
  }

  public Manifest manifest() {
    return manifest;
  }

  /** Who signed it; empty if it was not to be verified. */
  public Optional<Signer> signer() {
    return signer;
  }
}
