package org.particleos.update.service;

import java.io.IOException;
import java.time.Instant;
import java.util.function.Consumer;
import org.particleos.update.linux.WallClockTimer;

/** The {@link Alarm} of a real machine: one thread that the kernel wakes up. */
public final class WallClockAlarm implements Alarm {
  private final WallClockTimer timer;
  private final Consumer<String> trouble;

  private WallClockAlarm(WallClockTimer timer, Consumer<String> trouble) {
    this.timer = timer;
    this.trouble = trouble;
  }

  /**
   * Sets nothing yet.
   *
   * @param trouble is told should the kernel's timer fail, after which it does not ring any more
   */
  public static WallClockAlarm ringing(Runnable ring, Consumer<String> trouble) throws IOException {
    var alarm = new WallClockAlarm(WallClockTimer.open(), trouble);
    // A platform thread: the call blocks in the kernel.
    Thread.ofPlatform().daemon().name("alarm").start(() -> alarm.ringOn(ring));
    return alarm;
  }

  private void ringOn(Runnable ring) {
    try {
      while (timer.await()) {
        ring.run();
      }
    } catch (IOException e) {
      trouble.accept("the timer failed: " + e.getMessage());
    }
  }

  @Override
  public void at(Instant when) {
    try {
      timer.at(when);
    } catch (IOException e) {
      trouble.accept("the timer cannot be set: " + e.getMessage());
    }
  }

  @Override
  public void off() {
    try {
      timer.off();
    } catch (IOException e) {
      trouble.accept("the timer cannot be set: " + e.getMessage());
    }
  }

  @Override
  public void close() {
    timer.close();
  }
}
