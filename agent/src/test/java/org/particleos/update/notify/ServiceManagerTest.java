package org.particleos.update.notify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServiceManagerTest {
  /** Notes what it is asked to send, and whether with waiting. */
  private static final class FakeChannel implements ServiceManager.Channel {
    private final List<String> sent = new ArrayList<>();
    private final List<Boolean> waits = new ArrayList<>();
    private boolean full;
    private boolean broken;

    @Override
    public boolean send(byte[] message, boolean wait) throws IOException {
      if (broken) {
        throw new IOException("connection refused");
      }
      waits.add(wait);
      if (!full) {
        sent.add(new String(message, StandardCharsets.UTF_8));
      }
      return !full;
    }

    @Override
    public void close() {}
  }

  @Test
  void messagesAreSentInOrder() {
    var channel = new FakeChannel();
    var manager = new ServiceManager(channel);

    manager.send(ServiceMessage.status("one"));
    manager.send(ServiceMessage.status("two"));

    assertEquals(List.of("STATUS=one", "STATUS=two"), channel.sent);
    assertEquals(Optional.empty(), manager.trouble());
  }

  @Test
  void afterAMessageThatDidNotFitTheNextOnesDoNotWaitUntilOneFits() {
    var channel = new FakeChannel();
    var manager = new ServiceManager(channel);

    channel.full = true;
    manager.send(ServiceMessage.status("one"));
    manager.send(ServiceMessage.status("two"));
    channel.full = false;
    manager.send(ServiceMessage.status("three"));
    manager.send(ServiceMessage.status("four"));

    assertEquals(List.of(true, false, false, true), channel.waits);
    assertTrue(manager.trouble().orElseThrow().contains("in time"));
  }

  @Test
  void aBrokenChannelIsRememberedAndNotThrown() {
    var channel = new FakeChannel();
    channel.broken = true;
    var manager = new ServiceManager(channel);

    manager.send(ServiceMessage.status("one"));

    assertTrue(manager.trouble().orElseThrow().contains("connection refused"));
  }

  @Test
  void withoutASocketNothingIsSentAndNothingIsWrong() {
    try (var manager = ServiceManager.of(Map.of())) {
      manager.send(ServiceMessage.status("one"));

      assertFalse(manager.listening());
      assertEquals(Optional.empty(), manager.trouble());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"relative", "/nobody/listens/here"})
  void aSocketThatCannotBeReachedIsRememberedAndNotThrown(String name) {
    try (var manager = ServiceManager.of(Map.of("NOTIFY_SOCKET", name))) {
      manager.send(ServiceMessage.status("one"));

      assertTrue(manager.trouble().orElseThrow().contains(name));
    }
  }
}
