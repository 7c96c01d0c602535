package org.particleos.update.verity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RootHashTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210",
        "00112233445566778899aabbccddeeff"
            + "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
            + "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
      })
  void theUuidsOfThePartitionsAreTheFirstAndTheLast128Bits(String hex) {
    String whole =
        hex.length() == 64 ? hex : hex.substring(0, 96) + "0123456789abcdeffedcba9876543210";

    var root = new RootHash(whole);

    assertEquals(UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"), root.dataUuid());
    assertEquals(UUID.fromString("01234567-89ab-cdef-fedc-ba9876543210"), root.verityUuid());
  }

  @Test
  void hexDigitsOfEitherCaseAreRead() {
    assertEquals(Optional.of(new RootHash("ab".repeat(32))), RootHash.parse("aB".repeat(32)));
    assertEquals(Optional.of(new RootHash("ab".repeat(64))), RootHash.parse("AB".repeat(64)));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 62, 66, 96, 126, 130})
  void otherLengthsAreNone(int digits) {
    assertEquals(Optional.empty(), RootHash.parse("a".repeat(digits)));
    assertThrows(IllegalArgumentException.class, () -> new RootHash("a".repeat(digits)));
  }

  @Test
  void otherCharactersAreNone() {
    assertEquals(Optional.empty(), RootHash.parse("g".repeat(64)));
    assertThrows(IllegalArgumentException.class, () -> new RootHash("AB".repeat(32)));
  }
}
