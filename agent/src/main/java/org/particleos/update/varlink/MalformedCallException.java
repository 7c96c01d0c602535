package org.particleos.update.varlink;

/**
 * What a client sent is no call, so that nothing can be told about the rest of what it sends: the
 * connection ends.
 */
final class MalformedCallException extends Exception {
  MalformedCallException(String what) {
    super(what);
  }
}
