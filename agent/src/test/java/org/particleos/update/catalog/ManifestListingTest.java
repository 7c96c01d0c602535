package org.particleos.update.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.particleos.update.catalog.ATransfer.patterns;

import java.net.URI;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.particleos.update.definition.ResourceType;
import org.particleos.update.definition.Source;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.Sha256;
import org.particleos.update.trust.Manifest;

class ManifestListingTest {
  private static final URI BASE = URI.create("https://example.org/os");
  private static final Sha256 DIGEST = new Sha256("ab".repeat(32));
  private static final Sha256 OTHER = new Sha256("cd".repeat(32));

  private static List<Instance> list(String pattern, Manifest.Entry... entries)
      throws UpdateException {
    return ManifestListing.list(
        BASE,
        new Source.Url(ResourceType.URL_FILE, BASE, patterns(pattern), true),
        List.of(entries));
  }

  @Test
  void entriesThatMatchAreOfferedWithTheirDigest() throws UpdateException {
    var found =
        list(
            "os_@v.raw",
            new Manifest.Entry(DIGEST, "os_1.raw"),
            new Manifest.Entry(OTHER, "os_2.raw"),
            new Manifest.Entry(OTHER, "os_2.raw.caibx"));

    assertEquals(
        List.of("https://example.org/os/os_1.raw", "https://example.org/os/os_2.raw"),
        found.stream().map(Instance::location).toList());
    assertEquals(Optional.of(DIGEST), found.getFirst().metadata().sha256());
    assertEquals(Stage.OFFERED, found.getFirst().stage());
  }

  @Test
  void aDigestInTheNameMustBeThatOfTheEntry() throws UpdateException {
    var good = list("os_@v_@h.raw", new Manifest.Entry(DIGEST, "os_1_" + DIGEST + ".raw"));

    var refused =
        assertThrows(
            UpdateException.NotTrusted.class,
            () -> list("os_@v_@h.raw", new Manifest.Entry(OTHER, "os_1_" + DIGEST + ".raw")));

    assertEquals(Optional.of(DIGEST), good.getFirst().metadata().sha256());
    assertEquals(Reason.MANIFEST_MALFORMED, refused.reason());
  }

  @Test
  void namesBecomeAddressesWithoutChangingTheirMeaning() {
    assertEquals("https://example.org/os/a/b_1.raw", at("a/b_1.raw"));
    assertEquals("https://example.org/os/os%201.raw", at("os 1.raw"));
    assertEquals("https://example.org/os/os_1+3-0.efi", at("os_1+3-0.efi"));
    assertEquals("https://example.org/os/what%3F%23.raw", at("what?#.raw"));
    assertEquals("https://example.org/os/%C3%A4.raw", at("ä.raw"));
  }

  private static String at(String name) {
    return ManifestListing.below(BASE, name).toString();
  }
}
