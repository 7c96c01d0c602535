package org.particleos.update.trust;

/**
 * Bytes that are not OpenPGP, or not in the form that is accepted here. Never leaves this package:
 * in a signature it becomes a finding, in a keyring an {@code UpdateException}.
 */
final class MalformedPgpException extends Exception {
  MalformedPgpException(String what) {
    super(what);
  }

  MalformedPgpException(String what, Throwable cause) {
    super(what, cause);
  }
}
