package org.particleos.update.trust;

import java.time.Instant;

/**
 * Who signed something, and when.
 *
 * @param primaryFingerprint of the certificate in the keyring, uppercase hex
 * @param signingFingerprint of the key that made the signature: a subkey, or the same again
 * @param userId the primary user ID of the certificate, as its owner wrote it: quote it before
 *     printing. Empty if there is none
 * @param signedAt as the signature says
 */
public record Signer(
    String primaryFingerprint, String signingFingerprint, String userId, Instant signedAt) {}
