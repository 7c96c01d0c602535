package org.particleos.update.trust;

/** Why a key cannot be used for a signature. */
record Fault(SignatureVerdict.Problem problem, String text) {}
