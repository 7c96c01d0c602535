package org.particleos.update.notify;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** A service manager that writes down what it is told. */
public final class RecordedNotices {
  private RecordedNotices() {}

  /** One that adds every message, its lines joined by commas, to a list. */
  public static ServiceManager into(List<String> messages) {
    return new ServiceManager(
        new ServiceManager.Channel() {
          @Override
          public boolean send(byte[] message, boolean wait) {
            messages.add(new String(message, StandardCharsets.UTF_8).replace('\n', ','));
            return true;
          }

          @Override
          public void close() {}
        });
  }
}
