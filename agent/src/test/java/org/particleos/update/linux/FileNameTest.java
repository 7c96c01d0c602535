package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FileNameTest {
  private static final long SEED = 20261122;

  @Test
  void utf8StaysWhatItIs() {
    byte[] name = "größe-日本-🐧".getBytes(StandardCharsets.UTF_8);

    assertEquals("größe-日本-🐧", FileName.text(name));
    assertArrayEquals(name, FileName.bytes("größe-日本-🐧"));
  }

  @Test
  void anyBytesComeBack() {
    var random = new Random(SEED);
    var texts = new HashSet<String>();
    var names = new HashSet<String>();
    for (int round = 0; round < 20_000; round++) {
      byte[] name = new byte[random.nextInt(8)];
      random.nextBytes(name);

      String text = FileName.text(name);

      assertArrayEquals(name, FileName.bytes(text), "seed " + SEED + ", round " + round);
      texts.add(text);
      names.add(new String(name, StandardCharsets.ISO_8859_1));
    }
    assertEquals(names.size(), texts.size(), "two names became the same text");
  }

  @Test
  void aNameWithACharacterOfTheEscapesIsNotTakenForOddBytes() {
    byte[] escape = "\uf7ff".getBytes(StandardCharsets.UTF_8);
    byte[] odd = {(byte) 0xff};

    assertNotEquals(FileName.text(escape), FileName.text(odd));
    assertArrayEquals(escape, FileName.bytes(FileName.text(escape)));
    assertTrue(FileName.text(odd).codePoints().allMatch(c -> c == 0xf7ff));
  }
}
