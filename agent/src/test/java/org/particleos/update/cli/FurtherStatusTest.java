package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code status} says of further boot partitions. */
class FurtherStatusTest {
  private static final String TRANSFER =
      """
      [Source]
      Type=regular-file
      Path=/srv/os
      MatchPattern=os_@v.efi
      [Target]
      Type=regular-file
      Path=/EFI/Linux
      PathRelativeTo=esp
      MatchPattern=os_@v.efi
      """;

  private Premises premises;

  @BeforeEach
  void anEsp(@TempDir Path home) throws IOException {
    Premises plain = Premises.at(home);
    premises =
        new Premises(
                home,
                plain.setup().env("SYSTEMD_ESP_PATH", "/efi").env("SYSTEMD_RELAX_ESP_CHECKS", "1"))
            .running("1")
            .file("/efi/EFI/Linux/os_1.efi", "one")
            .file("/efi2/mine", "");
  }

  private JsonNode further() throws IOException {
    return new ObjectMapper()
        .readTree(premises.run("status", "--json=short").out())
        .path("transfers")
        .path(0)
        .path("further");
  }

  @Test
  void onlyWhoAsksForThemHearsOfThem() throws Exception {
    premises.transfer("90-uki", TRANSFER);

    assertTrue(further().isMissingNode());
    assertFalse(premises.run("status").out().contains("step"));
  }

  @Test
  void thatNoneIsFoundIsSaid() throws Exception {
    premises.transfer("90-uki", TRANSFER + "AlsoTo=auto\n");

    assertEquals("[]", further().toString());
    assertTrue(premises.run("status").out().contains("  no further boot partition is mounted\n"));
  }

  @Test
  void whyOneIsNotInStepIsSaid() throws Exception {
    premises.transfer("90-uki", TRANSFER + "AlsoTo=/efi2\n");
    String path = premises.at("/efi2").toString();

    assertEquals(
        "[{\"path\":\""
            + path
            + "\",\"inStep\":false,\"missing\":[],\"renamed\":[],\"surplus\":[],"
            + "\"why\":\"has nothing mounted on it\"}]",
        further().toString());
    String text = premises.run("status").out();
    assertTrue(text.contains("  not in step on " + path + ": has nothing mounted on it\n"), text);
  }
}
