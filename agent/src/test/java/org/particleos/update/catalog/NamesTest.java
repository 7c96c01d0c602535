package org.particleos.update.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.particleos.update.catalog.ATransfer.aTransfer;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class NamesTest {
  @ParameterizedTest
  @CsvSource({
    "/dev/sda, 3, /dev/sda3",
    "/dev/vda, 12, /dev/vda12",
    "/dev/nvme0n1, 2, /dev/nvme0n1p2",
    "/dev/mmcblk0, 1, /dev/mmcblk0p1",
    "/tmp/disk.raw, 1, /tmp/disk.raw1",
  })
  void deviceNodesAreNamedAsByTheKernel(String disk, int number, String expected) {
    assertEquals(expected, SlotName.device(Path.of(disk), number));
  }

  @ParameterizedTest
  @EnumSource(Marker.class)
  void aMarkedNameTellsItsMarkerAndItsName(Marker marker) {
    String marked = marker.mark("os_1.raw");

    assertEquals(Optional.of(marker), Marker.of(marked));
    assertEquals("os_1.raw", marker.unmark(marked));
  }

  @ParameterizedTest
  @CsvSource({"os_1.raw", ".sysupdate.partial", ".sysupdate.partial.", ".sysupdate.other.x", ".#x"})
  void otherNamesCarryNoMarker(String name) {
    assertEquals(Optional.empty(), Marker.of(name));
  }

  @Test
  void anInventoryIsNewestFirstAndEqualVersionsByPlace() {
    var inventory =
        Stock.of(aTransfer("a"))
            .installed("1", "10", "2")
            .partial("2")
            .offers("3", "4")
            .inventory();

    assertEquals(
        "10 2 2 1",
        String.join(" ", inventory.held().stream().map(i -> i.version().text()).toList()));
    assertEquals(Stage.PARTIAL, inventory.held().get(1).stage(), "a dot sorts before a letter");
    assertEquals("4", inventory.offered().getFirst().version().text());
  }
}
