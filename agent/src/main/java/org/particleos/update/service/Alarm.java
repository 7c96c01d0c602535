package org.particleos.update.service;

import java.time.Instant;

/**
 * Rings at a time of the wall clock, and when somebody sets that clock or the machine wakes up from
 * sleep: then all that was reckoned with it may be different. One time at a time.
 */
public interface Alarm extends AutoCloseable {
  /** Instead of what was set before. What is past rings at once. */
  void at(Instant when);

  /** Rings for the clock only. */
  void off();

  @Override
  void close();
}
