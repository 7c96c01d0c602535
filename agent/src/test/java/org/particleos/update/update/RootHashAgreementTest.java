package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.particleos.update.update.RootHashAgreement.Claim;
import org.particleos.update.verity.RootHash;

class RootHashAgreementTest {
  private static final RootHash ONE = new RootHash("11".repeat(32));
  private static final RootHash TWO = new RootHash("22".repeat(32));

  private static Claim.Whole whole(String id, RootHash root) {
    return new Claim.Whole(id, "names", root);
  }

  private static List<Claim> uuids(UUID data, UUID verity) {
    return List.of(new Claim.DataUuid("usr", data), new Claim.VerityUuid("verity", verity));
  }

  private static List<String> ids(RootHashAgreement agreement) {
    return agreement.misfits().stream().map(Claim::transferId).toList();
  }

  @Test
  void partsThatAllNameOneRootHashFit() {
    var agreement =
        RootHashAgreement.of(
            List.of(whole("verity", ONE), whole("signature", ONE), whole("uki", ONE)),
            uuids(ONE.dataUuid(), ONE.verityUuid()),
            true);

    assertTrue(agreement.fits());
  }

  @Test
  void whoNamesAnotherOneThanTheOthersIsNamed() {
    var uki =
        RootHashAgreement.of(
            List.of(whole("verity", ONE), whole("signature", ONE), whole("uki", TWO)),
            uuids(ONE.dataUuid(), ONE.verityUuid()),
            true);
    assertEquals(List.of("uki"), ids(uki));
    assertTrue(uki.decided());

    var tree =
        RootHashAgreement.of(
            List.of(whole("verity", TWO), whole("signature", ONE), whole("uki", ONE)),
            uuids(ONE.dataUuid(), ONE.verityUuid()),
            true);
    assertEquals(List.of("verity"), ids(tree));

    var data =
        RootHashAgreement.of(
            List.of(whole("verity", ONE), whole("signature", ONE), whole("uki", ONE)),
            uuids(TWO.dataUuid(), ONE.verityUuid()),
            true);
    assertEquals(List.of("usr"), ids(data));
  }

  @Test
  void twoThatContradictEachOtherAreBothNamed() {
    var agreement =
        RootHashAgreement.of(List.of(whole("verity", ONE), whole("uki", TWO)), List.of(), false);

    assertEquals(List.of("verity", "uki"), ids(agreement));
    assertFalse(agreement.decided());
  }

  @Test
  void uuidsThatAreMadeSomeOtherWaySayNothing() {
    var other = uuids(new UUID(1, 2), new UUID(3, 4));

    assertTrue(RootHashAgreement.of(List.of(whole("verity", ONE)), other, false).fits());
    assertTrue(
        RootHashAgreement.of(List.of(whole("verity", ONE), whole("uki", ONE)), other, false)
            .fits());
  }

  @Test
  void uuidsByWhichTheMachineLooksHaveToFit() {
    var other = uuids(new UUID(1, 2), new UUID(3, 4));

    var agreement =
        RootHashAgreement.of(List.of(whole("verity", ONE), whole("uki", ONE)), other, true);

    assertEquals(List.of("usr", "verity"), ids(agreement));
    assertTrue(agreement.decided());
  }

  @Test
  void halfARootHashIsNoneMadeSomeOtherWay() {
    var agreement =
        RootHashAgreement.of(
            List.of(whole("verity", ONE)), uuids(ONE.dataUuid(), new UUID(3, 4)), false);

    assertEquals(List.of("verity"), ids(agreement));
  }

  @Test
  void withoutAnyRootHashThereIsNothingToContradict() {
    assertTrue(RootHashAgreement.of(List.of(), uuids(new UUID(1, 2), new UUID(3, 4)), true).fits());
  }
}
