package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Reason;
import org.particleos.update.linux.Kernel;
import org.particleos.update.plan.VersionSets.View;
import org.particleos.update.update.Finding.Level;
import org.particleos.update.update.Updater.Goal;

/** What the doctor finds: each thing once in order and once not. */
class ExaminationTest {
  private static final Release V0 = Release.of("0");
  private static final Release V1 = Release.of("1");
  private static final Release V2 = Release.of("2");

  @TempDir Path home;
  private ReleaseServer server;
  private Laboratory machine;

  @BeforeEach
  void start() throws IOException {
    server = new ReleaseServer();
    server.publish(V2);
    machine = new Laboratory(home, server).holding(V1, 0).holding(V0, 1);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private List<Finding> examine(Kernel kernel) {
    return machine.examine(kernel, View.ONLINE);
  }

  private List<Finding> examine() {
    return examine(new UnhurriedKernel());
  }

  private static List<Finding> about(String part, List<Finding> findings) {
    return findings.stream().filter(finding -> finding.about().equals(part)).toList();
  }

  private static Finding only(String part, List<Finding> findings) {
    List<Finding> found = about(part, findings);
    assertEquals(1, found.size(), part + " in " + findings);
    return found.getFirst();
  }

  private static void assertFails(Reason reason, Finding finding) {
    assertEquals(Level.FAILURE, finding.level(), finding.text());
    assertEquals(Optional.of(reason), finding.failure().map(failure -> failure.reason()));
    assertFalse(finding.remedy().isEmpty(), "every failure has a remedy: " + finding.text());
  }

  private static void assertGood(String text, Finding finding) {
    assertEquals(Level.GOOD, finding.level(), finding.text());
    assertEquals(text, finding.text());
    assertEquals("", finding.remedy());
  }

  private static void assertWarns(String text, Finding finding) {
    assertEquals(Level.WARNING, finding.level(), finding.text());
    assertTrue(finding.text().contains(text), finding.text());
    assertFalse(finding.remedy().isEmpty(), finding.text());
  }

  @Test
  void whereAllIsWellEveryPartSaysSoAndNothingIsChanged() throws Exception {
    machine.build();
    Judge before = Judge.of(machine);

    List<Finding> findings = examine();

    assertGood("4 transfers", only("definitions", findings));
    assertGood("1", only("running version", findings));
    assertGood(machine.disk() + ": 2 versions, 0 free", only("target 10-usr", findings));
    assertGood(machine.esp() + "/EFI/Linux: 2 versions", only("target 90-uki", findings));
    assertGood(server.url().replaceFirst("/$", ""), only("server", findings));
    assertGood("version 2 can be installed", only("update", findings));
    assertEquals(List.of(), about("order", findings));
    Judge.of(machine).assertUnchangedSince(before);
    assertEquals(List.of(), server.fetched());
  }

  @Test
  void whatIsAcquiredOrNotOfferedIsSaid() throws Exception {
    machine.build();
    machine.apply(new UnhurriedKernel(), Optional.empty(), Goal.ACQUIRE);
    assertGood("version 2 is here and waits to be installed", only("update", examine()));

    machine.apply();

    assertGood("nothing newer is offered", only("update", examine()));
  }

  @Test
  void offlineTheServerIsNotAsked() throws Exception {
    machine.build();
    server.manifestAnswering(500);

    List<Finding> findings = machine.examine(new UnhurriedKernel(), View.OFFLINE);

    assertEquals(List.of(), about("server", findings));
    assertEquals(List.of(), about("update", findings));
  }

  @Test
  void aServerThatIsDownFailsAndTheRestIsStillLookedAt() throws Exception {
    machine.build();
    server.manifestAnswering(500);

    List<Finding> findings = examine();

    assertFails(Reason.HTTP_STATUS, only("server", findings));
    assertEquals(Level.GOOD, only("target 10-usr", findings).level());
  }

  @Test
  void aDefinitionThatIsRefusedFailsAndOneWithAStrangeLineWarns() throws Exception {
    machine.line("90-uki", "Target", "Colour=blue").build();
    List<Finding> strange = about("definitions", examine());
    assertEquals(2, strange.size());
    assertWarns("Colour", strange.getFirst());

    machine.line("90-uki", "Target", "MatchPattern=@@").build();

    assertFails(Reason.DEFINITION_INVALID, only("definitions", examine()));
  }

  @Test
  void signaturesThatAreNotVerifiedAreAWarningAndAMissingKeyringFails() throws Exception {
    machine.build();
    assertWarns("not verified", only("keyrings", examine()));

    machine
        .verifying()
        .env("SYSTEMD_OPENPGP_KEYRING", home.resolve("no-such-keyring.pgp").toString());

    assertEquals(Level.FAILURE, only("keyrings", examine()).level());
  }

  @Test
  void aBootEntryThatIsInstalledBeforeAPartitionIsAWarning() throws Exception {
    machine
        .definition(
            "05-early",
            """
            [Source]
            Type=url-file
            Path=%s
            MatchPattern=os_@v.efi
            [Target]
            Type=regular-file
            Path=/EFI/Linux
            PathRelativeTo=esp
            MatchPattern=early_@v.efi
            """
                .formatted(server.url()))
        .build();

    List<Finding> found = about("order", examine());

    assertEquals(3, found.size(), "one for each partition");
    assertWarns("transfer 05-early installs the boot entry before 10-usr", found.getFirst());
  }

  @Test
  void aPartitionTypeWithoutTwoSlotsFails() throws Exception {
    machine.line("10-usr", "Target", "MatchPartitionType=swap").build();

    List<Finding> findings = examine();

    assertFails(Reason.TOO_FEW_SLOTS, only("target 10-usr", findings));
    assertEquals(Level.GOOD, only("target 20-verity", findings).level());
  }

  @Test
  void aDiskWithoutPartitionTableFails() throws Exception {
    machine.build();
    Files.write(machine.disk(), new byte[1 << 20]);

    assertFails(Reason.NO_PARTITION_TABLE, only("targets", examine()));
  }

  @Test
  void aFileSystemThatIsMountedReadOnlyFails() throws Exception {
    machine.build();
    var kernel =
        new UnhurriedKernel() {
          @Override
          public SpaceStatus space(Path path) throws IOException {
            SpaceStatus space = super.space(path);
            return new SpaceStatus(
                space.magic(),
                space.totalBytes(),
                space.availableBytes(),
                space.blockBytes(),
                true);
          }
        };

    List<Finding> found = about("target 90-uki", examine(kernel));

    assertEquals(2, found.size(), found.toString());
    assertFails(Reason.READ_ONLY, found.getLast());
  }

  @Test
  void anUpdateThatWouldBeRefusedFailsAsTheUpdateItselfWould() throws Exception {
    byte[] large = new byte[300_000];
    large[0] = 'R';
    server.publish(Release.of("3").withUsr(large));
    machine.build();

    assertFails(Reason.PAYLOAD_EXCEEDS_SLOT, only("update", examine()));
  }

  @Test
  void withoutDefinitionsThatIsTheOnlyFinding() throws Exception {
    var system = new SmallSystem(home);

    List<Finding> findings = system.examine(View.ONLINE);

    assertEquals(1, findings.size());
    assertFails(Reason.NO_DEFINITIONS, only("definitions", findings));
  }

  @Test
  void aSystemThatDoesNotKnowItsVersionIsAWarningAndAComponentNeedsNone() throws Exception {
    var system = new SmallSystem(home);
    system.transfer("10-os", SmallSystem.plainFiles("os"));
    system.component("app", "10-app", SmallSystem.plainFiles("app"));
    assertWarns("IMAGE_VERSION", only("running version", system.examine(View.ONLINE)));

    system.choosing(system.settingsOf("app"));

    List<Finding> findings = system.examine(View.ONLINE);
    assertEquals(List.of(), about("running version", findings));
    assertEquals(List.of(), about("keyrings", findings));
    assertGood("nothing newer is offered", only("update", findings));
  }

  @Test
  void aDisabledComponentFailsAsItsUpdateWould() throws Exception {
    var system = new SmallSystem(home);
    system.component("app", "10-app", SmallSystem.plainFiles("app"));
    system.file("/etc/sysupdate.app.component", "[Component]\nEnabled=no\n");
    system.choosing(system.settingsOf("app"));

    assertFails(Reason.COMPONENT_DISABLED, only("definitions", system.examine(View.ONLINE)));
  }

  @Test
  void transfersThatAreAllDisabledAreAWarning() throws Exception {
    var system = new SmallSystem(home);
    system.transfer("10-os", SmallSystem.plainFiles("os") + "[Transfer]\nFeatures=extra\n");

    Finding finding = only("definitions", system.examine(View.OFFLINE));

    assertWarns("0 transfers, 1 more of features that are off", finding);
  }
}
