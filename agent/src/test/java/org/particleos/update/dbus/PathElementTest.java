package org.particleos.update.dbus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PathElementTest {
  @ParameterizedTest
  @CsvSource({
    "host, host",
    "component:shim, component_3ashim",
    "machine:fedora-40, machine_3afedora_2d40",
    "sysext:a.b, sysext_3aa_2eb",
    "'', _",
    "1a1, _31a1",
    "_, _5f",
    "../x, _2e_2e_2fx",
    "ä, _c3_a4",
  })
  void everyTextHasOneElementAndBack(String text, String element) {
    assertEquals(element, PathElement.escape(text));
    assertEquals(Optional.of(text), PathElement.unescape(element));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a_", "a_3", "a_zz", "_c3", "_3A", "1a", "_61", "a/b", "a.b", "_ff"})
  void whatNoTextIsEscapedToIsNone(String element) {
    assertEquals(Optional.empty(), PathElement.unescape(element));
  }
}
