package org.particleos.update.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.image.ImagePolicy.Use;

class ImagePolicyTest {
  private static final Set<Use> OPEN = EnumSet.allOf(Use.class);
  private static final Set<Use> IGNORE = EnumSet.of(Use.UNUSED, Use.ABSENT);

  @Test
  void listedPartitionsHaveTheirFlagsAndOthersTheDefault() throws Exception {
    var policy = ImagePolicy.parse("root=verity+signed:usr=unprotected+absent:=open");

    assertEquals(EnumSet.of(Use.VERITY, Use.SIGNED), policy.rule(Designator.ROOT).uses());
    assertEquals(EnumSet.of(Use.UNPROTECTED, Use.ABSENT), policy.rule(Designator.USR).uses());
    assertEquals(OPEN, policy.rule(Designator.HOME).uses());
  }

  @Test
  void withoutADefaultWhatIsNotListedIsIgnored() throws Exception {
    var policy = ImagePolicy.parse("root=unprotected");

    assertEquals(IGNORE, policy.rule(Designator.HOME).uses());
  }

  @ParameterizedTest
  @CsvSource({"*, true, true", "-, false, true", "~, false, false"})
  void theShortFormsMeanAllNothingUsedAndNothingThere(
      String text, boolean usable, boolean mayBeThere) throws Exception {
    var rule = ImagePolicy.parse(text).rule(Designator.ROOT);

    assertEquals(usable, rule.allows(Use.UNPROTECTED));
    assertEquals(mayBeThere, rule.allows(Use.UNUSED));
    assertTrue(rule.allows(Use.ABSENT));
  }

  @Test
  void protectingPartitionsFollowWhatTheyProtectUnlessListed() throws Exception {
    var policy = ImagePolicy.parse("usr=unprotected:usr-verity=absent:=verity");

    assertEquals(EnumSet.of(Use.ABSENT), policy.rule(Designator.USR_VERITY).uses());
    assertEquals(IGNORE, policy.rule(Designator.ROOT_VERITY).uses());
    assertEquals(
        EnumSet.of(Use.ABSENT), ImagePolicy.parse("~").rule(Designator.ROOT_VERITY).uses());
  }

  @Test
  void flagsAboutThePartitionAloneLeaveItsUseOpen() throws Exception {
    var rule = ImagePolicy.parse("usr=read-only-on+growfs-off").rule(Designator.USR);

    assertEquals(OPEN, rule.uses());
    assertEquals(Optional.of(true), rule.readOnly());
    assertEquals(Optional.of(false), rule.growFileSystem());
  }

  @Test
  void bothValuesOfAFlagAcceptEither() throws Exception {
    var rule = ImagePolicy.parse("usr=read-only-on+read-only-off").rule(Designator.USR);

    assertEquals(Optional.empty(), rule.readOnly());
  }

  @Test
  void fileSystemsThatAreListedExcludeOthers() throws Exception {
    var rule = ImagePolicy.parse("usr=unprotected+erofs+squashfs").rule(Designator.USR);

    assertTrue(rule.allows(FileSystem.EROFS));
    assertFalse(rule.allows(FileSystem.EXT4));
    assertTrue(ImagePolicy.ALLOW.rule(Designator.USR).allows(FileSystem.EXT4));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "root",
        "root=signd",
        "root=verity+",
        "root=+verity",
        "root=verity,signed",
        "Root=verity",
        "rot=verity",
        "root=verity:root=signed",
        "=open:=ignore",
        "root=verity:",
        ":root=verity",
        " root=verity",
        "**"
      })
  void anythingElseIsRefused(String text) {
    var refused = assertThrows(UpdateException.Configuration.class, () -> ImagePolicy.parse(text));

    assertEquals(Reason.OPTION_INVALID, refused.reason());
    assertTrue(refused.found().isPresent());
  }
}
