package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceNumberTest {
  static Stream<DeviceNumber> numbers() {
    return Stream.of(
        new DeviceNumber(0, 0),
        new DeviceNumber(8, 1),
        new DeviceNumber(259, 70000),
        new DeviceNumber(Integer.MAX_VALUE, Integer.MAX_VALUE));
  }

  @ParameterizedTest
  @MethodSource("numbers")
  void encodingAndTextLoseNothing(DeviceNumber number) {
    assertEquals(number, DeviceNumber.of(number.encoded()));
    assertEquals(Optional.of(number), DeviceNumber.parse(number.toString()));
  }

  @Test
  void smallNumbersAreEncodedAsAlways() {
    assertEquals(0x801, new DeviceNumber(8, 1).encoded());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "8", ":1", "8:", "8:x", "8:-1", "8:1:2", "9999999999:1"})
  void otherTextIsNoNumber(String text) {
    assertTrue(DeviceNumber.parse(text).isEmpty());
  }
}
