package org.particleos.update.fetch;

import java.time.Duration;

/**
 * How often and how long a download goes on after failures that may pass by themselves: a broken or
 * refused connection, a stall, a body cut short, the statuses 408, 429 and most from 500 on. What
 * does not pass (404, 401, 403, a certificate that is not trusted, a refused redirect) is not tried
 * again at the same server.
 *
 * <p>Waits grow from {@code firstWait} by a factor of two up to {@code waitMax}, and each is a
 * random part of that, so that a thousand machines do not come back at the same moment.
 *
 * @param payload for the files of a version, which are long
 * @param small for manifests, signatures and questions for the size. A server that refuses
 *     connections is given up after three seconds at most, so that {@code check} answers soon.
 * @param retryAfterMax a server that wants to be left alone for longer is believed and given up
 */
public record RetryLimits(
    Budget payload, Budget small, Duration firstWait, Duration waitMax, Duration retryAfterMax) {
  /**
   * What one download may use up without getting on. Progress resets both.
   *
   * @param attempts in a row, the first one counted
   * @param time no attempt begins later than that, counted from the first
   */
  public record Budget(int attempts, Duration time) {
    public Budget {
      if (attempts < 1) {
        throw new IllegalArgumentException("without an attempt nothing is fetched");
      }
    }
  }

  /** For a person who waits at the terminal and for a machine that is alone at night. */
  public static RetryLimits defaults() {
    return new RetryLimits(
        new Budget(6, Duration.ofMinutes(10)),
        new Budget(3, Duration.ofSeconds(20)),
        Duration.ofSeconds(1),
        Duration.ofSeconds(60),
        Duration.ofMinutes(5));
  }

  /** The first failure is the last. */
  public static RetryLimits once() {
    var once = new Budget(1, Duration.ZERO);
    return new RetryLimits(once, once, Duration.ZERO, Duration.ZERO, Duration.ZERO);
  }
}
