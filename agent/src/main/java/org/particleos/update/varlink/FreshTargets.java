package org.particleos.update.varlink;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.particleos.update.service.ServedTarget;
import org.particleos.update.service.TargetId;
import org.particleos.update.service.Targets;

/**
 * What there is to update as it is now, and not as it was when somebody first asked: the reference
 * looks anew for each connection. Everybody may ask, so that it is looked for at most so often.
 * Safe for use by several threads.
 */
final class FreshTargets {
  /** Looking costs reading all definitions, and a process for each image that is damaged. */
  static final Duration AGE_MAX = Duration.ofSeconds(10);

  private final Targets targets;
  private final LongSupplier nanoTime;
  private Optional<Long> lookedAt = Optional.empty();

  FreshTargets(Targets targets, LongSupplier nanoTime) {
    this.targets = targets;
    this.nanoTime = nanoTime;
  }

  List<ServedTarget> all() throws InterruptedException {
    refresh();
    return targets.all();
  }

  /**
   * Among those there are, so that no client points at a place of its own choice. Looks again if
   * there is none: it may have come since.
   */
  Optional<ServedTarget> find(TargetId id) throws InterruptedException {
    Optional<ServedTarget> found = targets.find(id);
    if (found.isPresent()) {
      return found;
    }
    refresh();
    return targets.find(id);
  }

  private synchronized void refresh() {
    long now = nanoTime.getAsLong();
    if (lookedAt.isEmpty() || now - lookedAt.get() >= AGE_MAX.toNanos()) {
      lookedAt = Optional.of(now);
      targets.forget();
    }
  }
}
