package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.particleos.update.judge.BootJudge;
import org.particleos.update.update.Laboratory.Part;

/** A judge that finds everything well would be no evidence: one damage each, and it tells. */
class BootJudgeTest {
  private static final Release V1 = BootableRelease.of("1");
  private static final Release V2 = BootableRelease.of("2");

  private static final int PRIMARY_HEADER = 512;

  @TempDir Path home;
  private ReleaseServer server;
  private byte[] disk;
  private final Map<String, byte[]> menu = new TreeMap<>();

  @BeforeEach
  void start() throws IOException {
    server = new ReleaseServer();
    var machine = new Laboratory(home, server).holding(V1, 0).holding(V2, 1).build();
    disk = Files.readAllBytes(machine.disk());
    menu.put("os_1.efi", V1.uki());
    menu.put("os_2+3-0.efi", V2.uki());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private BootJudge judge() {
    return BootJudge.of(disk, Laboratory.SECTOR, menu, BootableRelease.genuine(V1, V2));
  }

  private List<String> files() {
    return judge().menu().stream().map(BootJudge.Entry::file).toList();
  }

  @Test
  void wholeVersionsBootAndTheNewestIsTheFirstChoice() {
    assertEquals(List.of(), judge().broken());
    assertEquals(List.of("os_2+3-0.efi", "os_1.efi"), files());
    assertEquals("os_2+2-1.efi", judge().chosen().orElseThrow().afterATry());
  }

  @Test
  void whatHasNoTriesLeftIsTheLastChoice() {
    menu.put("os_2+0-3.efi", menu.remove("os_2+3-0.efi"));

    assertEquals(List.of("os_1.efi", "os_2+0-3.efi"), files());
  }

  @ParameterizedTest
  @EnumSource(Part.class)
  void oneBitAnywhereInASlotIsSeen(Part part) {
    // The last byte that the payload has; what fills the slot up behind it means nothing.
    byte[] payload = part.payload(V2);
    int last = part == Part.SIGNATURE ? 0 : payload.length - 4000;
    while (part == Part.SIGNATURE && payload[last + 1] != 0) {
      last++;
    }
    disk[part.offset(1) + last] ^= 1;

    assertFalse(judge().boots("2"), "version 2 boots");
    assertTrue(judge().boots("1"), "version 1 does not boot");
  }

  @ParameterizedTest
  @CsvSource({"100", "20000", "39999"})
  void aKernelWithOneBitElseOrTooShortIsSeen(int at) {
    byte[] kernel = V2.uki().clone();
    kernel[at] ^= 1;
    menu.put("os_2+3-0.efi", kernel);

    assertFalse(judge().boots("2"), "a kernel that was changed boots");
  }

  @Test
  void aKernelUnderTheNameOfAnotherVersionIsSeen() {
    menu.put("os_3.efi", V2.uki());

    assertEquals(1, judge().broken().size(), judge().broken()::toString);
  }

  @Test
  void theBackupOfTheTableIsEnoughAndNoTableIsNot() {
    disk[PRIMARY_HEADER + 60] ^= 1;
    assertEquals(List.of(), judge().broken());

    disk[disk.length - 512 + 60] ^= 1;
    assertEquals(2, judge().broken().size(), judge().broken()::toString);
  }

  @Test
  void hiddenNamesAreNotInTheMenu() {
    menu.put(".sysupdate.partial.os_3.efi", new byte[10]);

    assertEquals(2, judge().menu().size());
  }
}
