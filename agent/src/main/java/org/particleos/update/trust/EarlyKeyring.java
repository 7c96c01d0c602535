package org.particleos.update.trust;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * A keyring that is read while other things are done: that takes about as long as a server's first
 * answer. Read once; what was wrong with it is told to whoever asks for it, not before. Safe for
 * use by several threads.
 */
public final class EarlyKeyring implements KeyringSource {
  private final FutureTask<Keyring> reading;

  public EarlyKeyring(KeyringSource source) {
    this.reading = new FutureTask<>(source::load);
  }

  /** Begins to read it, if nobody has yet. */
  public void begin() {
    Thread.ofPlatform().daemon().name("keyring").start(reading);
  }

  @Override
  public Keyring load() throws UpdateException {
    reading.run(); // does nothing if it was begun
    try {
      return reading.get();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw UpdateException.because(Reason.INTERRUPTED, "reading the keyring was interrupted")
          .remedy("start it again")
          .interrupted();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UpdateException refused) {
        throw refused;
      }
      throw new IllegalStateException("reading the keyring failed", e.getCause());
    }
  }
}
