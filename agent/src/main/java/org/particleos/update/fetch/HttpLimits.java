package org.particleos.update.fetch;

import java.time.Duration;

/**
 * How long to wait for a server and how much to take from it (update-algorithm.md 12.2).
 *
 * @param connect for finding the address and for the connection, each
 * @param answer for the complete head of the answer, once connected
 * @param speedBytesMin a body that brings fewer bytes than that in one {@code speedWindow} is given
 *     up. Only time spent waiting for the server counts, not time the disk takes.
 * @param bodyBytesMax longer bodies are refused, compressed or not
 */
public record HttpLimits(
    Duration connect,
    Duration answer,
    long speedBytesMin,
    Duration speedWindow,
    long bodyBytesMax) {
  /** The reference's cap for a payload, both compressed and decompressed. */
  public static final long PAYLOAD_BYTES_MAX = 64L << 30;

  public HttpLimits {
    if (connect.toMillis() <= 0 || answer.toMillis() <= 0 || speedWindow.toMillis() <= 0) {
      throw new IllegalArgumentException("a time limit must be at least a millisecond");
    }
    if (bodyBytesMax < 0 || speedBytesMin < 0) {
      throw new IllegalArgumentException("a limit cannot be negative");
    }
  }

  /** 30 bytes a second over a minute, as the reference. */
  public static HttpLimits defaults() {
    var minute = Duration.ofSeconds(60);
    return new HttpLimits(
        Duration.ofSeconds(30), minute, 30 * minute.toSeconds(), minute, PAYLOAD_BYTES_MAX);
  }
}
