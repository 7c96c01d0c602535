package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.particleos.update.update.ExpectedRoot.Witness;
import org.particleos.update.update.Verification.Assurance;
import org.particleos.update.verity.RootHash;

class ExpectedRootTest {
  private static final RootHash TREE = new RootHash("0a".repeat(32));
  private static final RootHash OTHER = new RootHash("0b".repeat(32));
  private static final UUID RANDOM = UUID.fromString("5b0a0d0c-2f68-4b6f-8a33-5d8e2c9d9b11");
  private static final UUID RANDOM_TOO = UUID.fromString("77b9dbf1-6a1a-44f7-93c6-0d1a8e7f6b22");

  private static ExpectedRoot of(Optional<RootHash> signed, UUID data, UUID verity) {
    return ExpectedRoot.of(TREE, signed, data, verity);
  }

  private static ExpectedRoot expected(
      RootHash root, Assurance assurance, Witness... contradictions) {
    return new ExpectedRoot(root, assurance, Set.of(contradictions));
  }

  @Test
  void uuidsThatAreHalvesOfTheStoredRootVouchForIt() {
    assertEquals(
        expected(TREE, Assurance.PARTITION_UUIDS),
        of(Optional.empty(), TREE.dataUuid(), TREE.verityUuid()));
    assertEquals(
        expected(TREE, Assurance.PARTITION_UUIDS),
        of(Optional.of(TREE), TREE.dataUuid(), TREE.verityUuid()));
  }

  @Test
  void uuidsAndSignatureThatAgreeOutvoteTheTree() {
    assertEquals(
        expected(OTHER, Assurance.PARTITION_UUIDS),
        of(Optional.of(OTHER), OTHER.dataUuid(), OTHER.verityUuid()));
  }

  @Test
  void aSignatureOfAnotherRootContradictsTreeAndUuids() {
    assertEquals(
        expected(TREE, Assurance.PARTITION_UUIDS, Witness.SIGNATURE),
        of(Optional.of(OTHER), TREE.dataUuid(), TREE.verityUuid()));
  }

  @Test
  void oneWrongUuidContradictsTheOtherOne() {
    for (Optional<RootHash> signed : Set.of(Optional.<RootHash>empty(), Optional.of(TREE))) {
      assertEquals(
          expected(TREE, Assurance.PARTITION_UUIDS, Witness.DATA_UUID),
          of(signed, RANDOM, TREE.verityUuid()));
      assertEquals(
          expected(TREE, Assurance.PARTITION_UUIDS, Witness.VERITY_UUID),
          of(signed, TREE.dataUuid(), RANDOM));
    }
  }

  @Test
  void uuidsMadeSomeOtherWayLeaveItToTheSignature() {
    assertEquals(
        expected(TREE, Assurance.SIGNATURE_PARTITION), of(Optional.of(TREE), RANDOM, RANDOM_TOO));
  }

  @Test
  void withoutAnyWitnessTheTreeStandsForItself() {
    assertEquals(expected(TREE, Assurance.ITSELF), of(Optional.empty(), RANDOM, RANDOM_TOO));
  }

  @Test
  void aSignatureOfAnotherRootVouchesForNothing() {
    assertEquals(
        expected(TREE, Assurance.ITSELF, Witness.SIGNATURE),
        of(Optional.of(OTHER), RANDOM, RANDOM_TOO));
  }
}
