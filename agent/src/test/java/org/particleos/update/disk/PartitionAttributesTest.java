package org.particleos.update.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.particleos.update.disk.PartitionAttributes.GROW_FILE_SYSTEM;
import static org.particleos.update.disk.PartitionAttributes.NO_AUTO;
import static org.particleos.update.disk.PartitionAttributes.READ_ONLY;

import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.particleos.update.disk.PartitionAttributes.Known;

class PartitionAttributesTest {
  private static final Optional<Boolean> UNSET = Optional.empty();
  private static final Optional<Boolean> YES = Optional.of(true);
  private static final Optional<Boolean> NO = Optional.of(false);
  private static final long FOREIGN = 5;

  @Test
  void nothingSetKeepsTheWord() {
    assertEquals(
        FOREIGN | READ_ONLY,
        PartitionAttributes.apply(
            FOREIGN | READ_ONLY, OptionalLong.empty(), UNSET, UNSET, UNSET, Known.ALL));
  }

  @Test
  void singleBitsAreSetAndClearedInTheCurrentWord() {
    assertEquals(
        FOREIGN | NO_AUTO | GROW_FILE_SYSTEM,
        PartitionAttributes.apply(
            FOREIGN | READ_ONLY, OptionalLong.empty(), YES, NO, YES, Known.ALL));
  }

  @Test
  void theWholeWordIsTheBaseForSingleBits() {
    assertEquals(
        2 | READ_ONLY,
        PartitionAttributes.apply(
            FOREIGN | NO_AUTO, OptionalLong.of(2 | NO_AUTO), NO, YES, UNSET, Known.ALL));
  }

  @Test
  void bitsThatTheTypeDoesNotKnowStay() {
    assertEquals(
        FOREIGN | READ_ONLY,
        PartitionAttributes.apply(
            FOREIGN | READ_ONLY, OptionalLong.empty(), YES, NO, YES, Known.NONE));
    assertEquals(
        READ_ONLY,
        PartitionAttributes.apply(
            0, OptionalLong.empty(), YES, YES, YES, new Known(false, true, false)));
  }

  @Test
  void theBitsAreWhereTheDiscoverableDisksSpecificationPutsThem() {
    assertEquals(0x0800000000000000L, GROW_FILE_SYSTEM);
    assertEquals(0x1000000000000000L, READ_ONLY);
    assertEquals(0x8000000000000000L, NO_AUTO);
  }
}
