package org.particleos.update.verity;

/**
 * Digests that blocks further down are compared with.
 *
 * @param perBlock how many of the digests are in one block of the layer
 * @param untrusted blocks of the layer whose digests mean nothing
 */
record Layer(StoredDigests digests, int perBlock, UntrustedBlocks untrusted) {
  static Layer root(RootHash root, HashAlgorithm algorithm) {
    return new Layer(
        new StoredDigests.Root(root, algorithm.digestBytes()), 1, new UntrustedBlocks());
  }
}
