package org.particleos.update.version;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VersionTest {
  @ParameterizedTest
  @ValueSource(strings = {"1", "247.2-3.1.fc33", "1~rc1^git_0+1", "..", "A"})
  void everyAllowedCharacterMakesAVersion(String text) {
    assertTrue(Version.parse(text).isPresent());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1 2", "1/2", "1:2", "ä", "1\n", "1\u0000", "1@2", "٣"})
  void anythingElseIsNoVersion(String text) {
    assertFalse(Version.isValid(text));
    assertTrue(Version.parse(text).isEmpty());
    assertThrows(IllegalArgumentException.class, () -> new Version(text));
  }

  @Test
  void aVersionHasAtMost255Characters() {
    assertTrue(Version.isValid("1".repeat(255)));
    assertFalse(Version.isValid("1".repeat(256)));
  }

  @Test
  void twoSpellingsOfOneVersionHaveTheSameOrderButAreNotEqual() {
    var longer = new Version("1.00");
    var shorter = new Version("1.0");

    assertTrue(longer.sameOrder(shorter));
    assertEquals(0, longer.compareTo(shorter));
    assertNotEquals(longer, shorter);
  }
}
