package org.particleos.update.varlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FramesTest {
  private static final int MAX = 20;

  private final Frames frames = new Frames(MAX);

  private void add(String text) throws MalformedCallException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    frames.add(bytes, bytes.length);
  }

  private List<String> all() {
    List<String> all = new ArrayList<>();
    for (Optional<byte[]> next = frames.next(); next.isPresent(); next = frames.next()) {
      all.add(new String(next.get(), StandardCharsets.UTF_8));
    }
    return all;
  }

  @Test
  void messagesAreTheSameHoweverTheyArrive() throws Exception {
    for (long seed = 0; seed < 200; seed++) {
      var random = new Random(seed);
      List<String> said = new ArrayList<>();
      var stream = new ByteArrayOutputStream();
      for (int i = random.nextInt(6); i > 0; i--) {
        String message = "m".repeat(random.nextInt(MAX + 1));
        said.add(message);
        stream.writeBytes((message + "\0").getBytes(StandardCharsets.UTF_8));
      }
      byte[] bytes = stream.toByteArray();
      int at = 0;
      while (at < bytes.length) {
        int count = 1 + random.nextInt(bytes.length - at);
        frames.add(Arrays.copyOfRange(bytes, at, at + count + 1), count);
        at += count;
      }

      assertEquals(said, all(), "seed " + seed);
      assertFalse(frames.hasBegun(), "seed " + seed);
    }
  }

  @Test
  void whatHasNoEndYetIsNoMessage() throws Exception {
    add("half");

    assertEquals(List.of(), all());
    assertTrue(frames.hasBegun());
    add(" and half\0");
    assertEquals(List.of("half and half"), all());
  }

  @Test
  void theLongestMessageFitsAndALongerOneIsRefusedBeforeItsEnd() throws Exception {
    add("x".repeat(MAX) + "\0");
    assertEquals(1, all().size());

    add("x".repeat(MAX));
    assertThrows(MalformedCallException.class, () -> add("x"));
  }
}
