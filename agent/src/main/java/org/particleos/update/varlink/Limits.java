package org.particleos.update.varlink;

import java.time.Duration;

/**
 * What clients may take, together and each.
 *
 * @param messageBytesMax of a call; the longest that makes sense has a name and a version
 * @param clientsMax connections at a time, each of some 10 KiB; when all are taken, the one that
 *     was idle longest gives way
 * @param clientsPerUserMax connections of one user at a time, as with the reference; one whose
 *     client went away counts until its call is over, so that nobody starts jobs without end
 * @param messageWait from the first byte of a call to its last
 * @param replyWait how long a client may not take a single byte of its reply
 * @param idleWait between two calls
 */
record Limits(
    int messageBytesMax,
    int clientsMax,
    int clientsPerUserMax,
    Duration messageWait,
    Duration replyWait,
    Duration idleWait) {
  static Limits defaults() {
    return new Limits(
        64 * 1024, 128, 16, Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofMinutes(5));
  }
}
