package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PartitionTypeTest {
  @ParameterizedTest
  @CsvSource({
    "esp, c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
    "user-home, 773f91ef-66d4-49b5-bd83-d683bf40ad16",
    "root, 4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
    "usr-verity, 77ff5f63-e7b6-4633-acf4-1565b864c0e6",
    "usr-verity-sig, e7bb33fb-06cf-4e81-8273-e543b413e2e2",
    "root-secondary, 44479540-f297-41b2-9af7-d131d5f0458a",
    "usr-secondary-verity, 8f461b0d-14ee-4e81-9aa9-049b6fb97abd",
    "root-x86-64-verity, 2c7357ed-ebd2-46d9-aec1-23d437ec2bf5",
    "usr-aarch64-verity-sig, c23ce4ff-44bd-4b00-b2d4-b41b3419e02a",
    "root-ppc64el, c31c45e6-3f39-412e-80fb-4809c4980599",
    "urn:uuid:c12a7328-f81f-11d2-ba4b-00a0c93ec93b, c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
    "C12A7328F81F11D2BA4B00A0C93EC93B, c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
  })
  void aNameOrUuidGivesTheTypeOnX86(String text, UUID expected) {
    assertEquals(expected, PartitionType.parse(text, Architecture.X86_64).orElseThrow().uuid());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "rootfs",
        "root-",
        "root--verity",
        "root-vax",
        "root-sparc64",
        "usr-x86-64-",
        "1"
      })
  void anythingElseIsNoType(String text) {
    assertTrue(PartitionType.parse(text, Architecture.X86_64).isEmpty());
  }

  @Test
  void nativeNamesFollowTheArchitecture() {
    assertEquals(
        PartitionType.parse("usr-arm64", Architecture.X86_64).orElseThrow().uuid(),
        PartitionType.parse("usr", Architecture.ARM64).orElseThrow().uuid());
    assertEquals(
        PartitionType.parse("root-arm-verity", Architecture.X86_64).orElseThrow().uuid(),
        PartitionType.parse("root-secondary-verity", Architecture.ARM64).orElseThrow().uuid());
  }

  @Test
  void anArchitectureWithoutCompanionHasNoSecondaryTypes() {
    assertTrue(PartitionType.parse("root-secondary", Architecture.RISCV64).isEmpty());
  }

  @Test
  void everyTypeOfTheTableIsUnique() {
    var seen = new HashSet<UUID>();

    for (Architecture architecture : Architecture.values()) {
      for (String name :
          new String[] {
            "root", "root-verity", "root-verity-sig", "usr", "usr-verity", "usr-verity-sig"
          }) {
        PartitionType.parse(name, architecture)
            .ifPresent(type -> assertTrue(seen.add(type.uuid()), architecture + " " + name));
      }
    }

    assertEquals(21 * 6, seen.size());
  }

  /** transfer-files.md 15, the table of bits. */
  @ParameterizedTest
  @CsvSource({
    // type, ReadOnly, GrowFileSystem, NoAuto
    "root, true, true, true",
    "root-verity, true, false, true",
    "root-verity-sig, true, false, false",
    "usr-arm64, true, true, true",
    "usr-arm64-verity, true, false, true",
    "usr-arm64-verity-sig, true, false, false",
    "home, true, true, true",
    "srv, true, true, true",
    "var, true, true, true",
    "tmp, true, true, true",
    "xbootldr, true, true, true",
    "swap, false, false, true",
    "linux-generic, false, false, false",
    "esp, false, false, false",
    "user-home, false, false, false",
    "8b8186b1-2b4e-4eb6-ad39-8d4d18d2a8fb, false, false, false",
    // A UUID knows what its name knows.
    "4f68bce3-e8cd-4db1-96e7-fbcaf984b709, true, true, true",
  })
  void aTypeKnowsItsAttributeBits(
      String text, boolean readOnly, boolean growFileSystem, boolean noAuto) {
    var type = PartitionType.parse(text, Architecture.X86_64).orElseThrow();

    assertEquals(readOnly, type.knowsReadOnly());
    assertEquals(growFileSystem, type.knowsGrowFileSystem());
    assertEquals(noAuto, type.knowsNoAuto());
  }

  /** update-algorithm.md 10.2, the test vectors. */
  @ParameterizedTest
  @CsvSource({
    "linux-generic, 43456f75-4ab1-4a42-844a-3c2e640cb525, 5b60f346-140d-4a1b-8086-dc4a4097bd3c",
    "root-x86-64, 7a01d3c6-92ac-43e9-bd77-5726b602ad9d, 64362e66-88a7-463b-b325-7af60c81be06",
    "root-x86-64-verity, 8c9d831f-549b-4672-8816-6c435759bb75,"
        + " a0527bff-640d-406c-93e1-3059b3853391",
    "usr-x86-64, dc0226f3-2b45-4572-844b-c7575b748b24, ac8558b5-455e-4869-8c5e-d8272455c06a",
    "root-arm64, 5d74642f-2b5f-49e1-972e-0e3af0cdb6c4, b5aeddf5-f37f-45cb-b743-e92d115f787c",
  })
  void marksOfUnfinishedSlotsAreThoseOfTheReference(String text, UUID partial, UUID pending) {
    var type = PartitionType.parse(text, Architecture.X86_64).orElseThrow();

    assertEquals(partial, type.partial());
    assertEquals(pending, type.pending());
  }

  @Test
  void noTypeThatTheSpecificationNamesIsAMark() {
    var usr = PartitionType.parse("usr-arm64-verity", Architecture.X86_64).orElseThrow();

    assertTrue(PartitionType.isNamed(PartitionType.ESP.uuid()));
    assertTrue(PartitionType.isNamed(usr.uuid()));
    assertFalse(PartitionType.isNamed(usr.partial()));
    assertFalse(PartitionType.isNamed(usr.pending()));
    assertFalse(PartitionType.isNamed(new UUID(1, 2)));
  }

  @Test
  void aMarkedTypeIsNotTheTypeItself() {
    assertFalse(
        PartitionType.ESP.partial().equals(PartitionType.ESP.uuid())
            || PartitionType.ESP.pending().equals(PartitionType.ESP.partial()));
  }

  @ParameterizedTest
  @CsvSource({
    "usr-x86-64, usr-x86-64-verity, usr-x86-64-verity-sig",
    "usr, usr-verity, usr-verity-sig",
    "root-arm64, root-arm64-verity, root-arm64-verity-sig",
  })
  void aDataTypeHasTheHashTreeAndTheSignatureOfItsOwnArchitecture(
      String data, String verity, String signature) {
    var type = PartitionType.parse(data, Architecture.X86_64).orElseThrow();

    assertEquals(
        PartitionType.parse(verity, Architecture.X86_64).map(PartitionType::uuid),
        type.verityType());
    assertEquals(
        PartitionType.parse(signature, Architecture.X86_64).map(PartitionType::uuid),
        type.veritySignatureType());
  }

  @ParameterizedTest
  @ValueSource(strings = {"usr-verity", "usr-verity-sig", "root-verity", "esp", "home"})
  void otherTypesHaveNoHashTree(String text) {
    var type = PartitionType.parse(text, Architecture.X86_64).orElseThrow();

    assertEquals(Optional.empty(), type.verityType());
    assertEquals(Optional.empty(), type.veritySignatureType());
  }
}
