package org.particleos.update.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.particleos.update.definition.Architecture;
import org.particleos.update.definition.PartitionType;
import org.particleos.update.disk.Partition;
import org.particleos.update.disk.PartitionAttributes;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

class DissectionTest {
  private static final Architecture HERE = Architecture.X86_64;
  private static final long MIB = 1 << 20;

  private final List<Partition> table = new ArrayList<>();

  private DissectionTest with(String type, String label) {
    return with(type, label, 0);
  }

  private DissectionTest with(String type, String label, long attributes) {
    int number = table.size() + 1;
    table.add(
        new Partition(
            number,
            number * MIB,
            MIB,
            label,
            PartitionType.parse(type, HERE).orElseThrow().uuid(),
            new UUID(0, number),
            attributes));
    return this;
  }

  /** {@code root:1 usr:3} for partition 1 as root and partition 3 as /usr. */
  private String mounted(String policy) throws UpdateException {
    var dissection = Dissection.of(table, Optional.of(HERE), ImagePolicy.parse(policy));
    var text = new ArrayList<String>();
    for (var part : dissection.parts()) {
      text.add(
          part.designator()
              + ":"
              + part.number().orElseThrow()
              + (part.readOnly() ? "(read-only)" : ""));
    }
    return String.join(" ", text);
  }

  private UpdateException refusal(String policy) {
    return assertThrows(UpdateException.Configuration.class, () -> mounted(policy));
  }

  @Test
  void everythingThatIsRecognisedIsMountedInOrder() throws Exception {
    with("esp", "esp").with("xbootldr", "boot").with("tmp", "t").with("srv", "s");
    with("home", "h").with("var", "v").with("usr", "u").with("root", "r").with("swap", "w");
    with("usr-verity", "uv").with("usr-verity-sig", "us").with("user-home", "uh");

    assertEquals("root:8 usr:7 var:6 home:5 srv:4 tmp:3 xbootldr:2 esp:1", mounted("*"));
  }

  @Test
  void ofSeveralSlotsTheNewestVersionIsTaken() throws Exception {
    with("root", "os_9").with("root", "os_10").with("root", "os_10~rc1").with("root", "_empty");

    assertEquals("root:2", mounted("*"));
  }

  @Test
  void ofEqualLabelsTheFirstIsTaken() throws Exception {
    with("root", "os").with("root", "os");

    assertEquals("root:1", mounted("*"));
  }

  @Test
  void partitionsThatAskNotToBeMountedAreLeftAlone() throws Exception {
    with("root", "r").with("home", "h", PartitionAttributes.NO_AUTO);

    assertEquals("root:1", mounted("*"));
  }

  @Test
  void theBitMeansNothingToAPartitionThatDoesNotKnowIt() throws Exception {
    with("root", "r").with("esp", "e", PartitionAttributes.NO_AUTO);

    assertEquals("root:1 esp:2", mounted("*"));
  }

  @Test
  void theReadOnlyFlagIsKept() throws Exception {
    with("root", "r", PartitionAttributes.READ_ONLY);

    assertEquals("root:1(read-only)", mounted("*"));
  }

  @Test
  void aForeignArchitectureIsTakenOnlyWithoutANativeOne() throws Exception {
    with("root-arm64", "r").with("usr-arm64", "u").with("usr-s390x", "other");
    assertEquals("root:1 usr:2", mounted("*"));

    with("usr", "native");
    assertEquals("usr:4", mounted("*"));
  }

  @Test
  void aSinglePartitionForDataInGeneralIsTheRoot() throws Exception {
    with("esp", "e").with("linux-generic", "r");
    assertEquals("root:2 esp:1", mounted("*"));

    with("linux-generic", "another");
    assertEquals(Reason.IMAGE_NOT_ACCEPTED, refusal("*").reason());
  }

  @Test
  void anImageWithoutASystemIsRefused() {
    with("esp", "e").with("home", "h").with("root", "_empty");

    assertTrue(String.valueOf(refusal("*").getMessage()).contains("no operating system"));
  }

  @Test
  void partitionsThatThePolicyLeavesOutAreNotMounted() throws Exception {
    with("root", "r").with("usr", "u").with("home", "h");

    assertEquals("root:1 home:3", mounted("usr=ignore:=open"));
    assertEquals("usr:2", mounted("usr=unprotected"));
    assertTrue(String.valueOf(refusal("-").getMessage()).contains("no operating system"));
  }

  @ParameterizedTest
  @CsvSource({
    "home=unprotected:=open, no such partition",
    "usr=absent:=open, has such a partition",
    "usr-verity=absent:=open, has such a partition",
    "usr=read-only-on:=open, read-only flag is not set",
    "root=read-only-off:=open, read-only flag is set",
    "root=growfs-on:=open, to grow is not set",
    "~, has such a partition"
  })
  void whatThePolicyDoesNotAcceptIsRefused(String policy, String found) {
    with("root", "r", PartitionAttributes.READ_ONLY).with("usr", "u").with("usr-verity", "v");

    var refused = refusal(policy);

    assertEquals(Reason.IMAGE_NOT_ACCEPTED, refused.reason());
    assertTrue(refused.found().orElseThrow().contains(found), refused.found().orElseThrow());
  }

  @ParameterizedTest
  @EnumSource(names = {"VERITY", "SIGNED", "ENCRYPTED"})
  void protectionThatCannotBeSetUpIsRefusedAndNeverIgnored(ImagePolicy.Use use) {
    with("root", "r").with("usr", "u").with("usr-verity", "v").with("usr-verity-sig", "s");
    String flag = use.name().toLowerCase(Locale.ROOT);

    assertEquals(Reason.NOT_SUPPORTED, refusal("usr=" + flag + "+absent:=open").reason());
    assertEquals(Reason.NOT_SUPPORTED, refusal("usr-verity=" + flag + ":=open").reason());
  }

  @Test
  void protectionThatIsOneOfSeveralWaysIsNotNeeded() throws Exception {
    with("root", "r").with("usr", "u").with("usr-verity", "v");

    assertEquals("root:1 usr:2", mounted("usr=verity+unprotected:=open"));
    assertEquals("root:1", mounted("usr=verity+unused:=open"));
  }

  @Test
  void anImageWithoutATableIsTheRoot() throws Exception {
    var dissection = Dissection.ofFileSystem(MIB, ImagePolicy.ALLOW);

    assertEquals(
        List.of(new Dissection.Part(Designator.ROOT, OptionalInt.empty(), 0, MIB, false)),
        dissection.parts());
  }

  @ParameterizedTest
  @CsvSource({
    "root=verity, NOT_SUPPORTED",
    "root=unprotected:usr=unprotected, IMAGE_NOT_ACCEPTED",
    "root=read-only-on, IMAGE_NOT_ACCEPTED",
    "-, IMAGE_NOT_ACCEPTED",
    "~, IMAGE_NOT_ACCEPTED"
  })
  void policiesHoldForAnImageWithoutATableToo(String policy, Reason reason) {
    var refused =
        assertThrows(
            UpdateException.Configuration.class,
            () -> Dissection.ofFileSystem(MIB, ImagePolicy.parse(policy)));

    assertEquals(reason, refused.reason());
  }
}
