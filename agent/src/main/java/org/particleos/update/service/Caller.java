package org.particleos.update.service;

/** Who asks for something. */
public sealed interface Caller {
  /**
   * A connection to the message bus.
   *
   * @param uniqueName as {@code :1.42}; the bus vouches for it
   */
  record OnBus(String uniqueName) implements Caller {}

  /**
   * The process at the other end of a socket, as the kernel tells.
   *
   * @param startTime in clock ticks since boot, so that a recycled number is noticed
   */
  record OnSocket(long pid, long uid, long startTime) implements Caller {}
}
