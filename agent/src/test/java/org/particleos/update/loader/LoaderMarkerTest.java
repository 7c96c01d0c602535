package org.particleos.update.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.version.Version;

class LoaderMarkerTest {
  private static Optional<LoaderMarker> parse(String text) {
    return LoaderMarker.parse(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"257.3-1", "252.39-1~deb12u2", "258~rc2-1.fc43", "258.1"})
  void nameAndVersionAreRead(String version) {
    var marker = new LoaderMarker("systemd-boot", new Version(version));

    assertEquals(Optional.of(marker), parse("#### LoaderInfo: systemd-boot " + version + " ####"));
    assertEquals(
        Optional.of(marker), parse("#### LoaderInfo: systemd-boot " + version + " ####\0\0rest"));
  }

  @Test
  void theStubHasAMarkerOfItsOwn() {
    assertEquals(
        "systemd-stub", parse("#### LoaderInfo: systemd-stub 257.3 ####").orElseThrow().name());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "#### LoaderInfo: ####",
        "#### LoaderInfo:  ####",
        "#### LoaderInfo: systemd-boot ####",
        "#### LoaderInfo: systemd-boot  ####",
        "#### LoaderInfo:  257 ####",
        "#### LoaderInfo: systemd-boot 257 3 ####",
        "#### LoaderInfo: systemd-boot 257\n ####",
        "#### LoaderInfo: systemd-boot 257 ###",
        "LoaderInfo: systemd-boot 257"
      })
  void whateverElseStandsThereIsNoMarker(String text) {
    assertEquals(Optional.empty(), parse(text));
  }
}
