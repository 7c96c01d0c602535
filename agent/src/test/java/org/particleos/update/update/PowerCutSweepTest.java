package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.particleos.update.crash.Cut;
import org.particleos.update.crash.Recording;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.judge.BootJudge;
import org.particleos.update.linux.Kernel;
import org.particleos.update.pe.PeBytes;
import org.particleos.update.update.Updater.Goal;

/**
 * The evidence of RELIABILITY.md: records everything that a command writes, builds the machine
 * after every prefix of it with what was not flushed dropped, torn and in other orders, and lets a
 * judge that knows nothing of the program decide what it boots. Then the machine boots that, and
 * the same command has to complete the update.
 */
class PowerCutSweepTest {
  static final Release V0 = BootableRelease.of("0");
  static final Release V1 = BootableRelease.of("1");
  static final Release V2 = BootableRelease.of("2");

  /** A version 2 whose kernel is flushed on the way. */
  static final Release LARGE = BootableRelease.withKernelOf("2", 5 << 20);

  @TempDir Path home;
  ReleaseServer server;

  @BeforeEach
  void start() throws IOException {
    server = new ReleaseServer();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private CrashScene scene(Release... releases) {
    return new CrashScene(home, server, releases);
  }

  /** From a network that is slow enough for what is kept to be flushed on the way. */
  private static void applySlowly(Laboratory machine, Kernel kernel) throws UpdateException {
    apply(machine, new PatientKernel(kernel));
  }

  private CrashScene anUpdate() throws Exception {
    server.publish(V2);
    CrashScene scene = scene(V0, V1, V2);
    scene.machine().holding(V1, 0).holding(V0, 1).build();
    return scene.running("1").linked(0).wanting("2").keeping("1");
  }

  static void apply(Laboratory machine, Kernel kernel) throws UpdateException {
    var _ = machine.apply(kernel, Optional.empty(), Goal.UPDATE);
  }

  private static void sweep(String name, CrashScene scene, CrashScene.Command command)
      throws Exception {
    scene.sweep(name, command, command);
  }

  @Test
  void anUpdateCutAnywhereLeavesAWholeVersion() throws Exception {
    sweep("update", anUpdate(), PowerCutSweepTest::apply);
  }

  @Test
  void aProgramThatDidNotWaitForTheDiskWouldBeFoundOut() throws Exception {
    CrashScene scene = anUpdate();
    Recording recording = scene.record(PowerCutSweepTest::apply);

    int content = scene.violations(recording.withoutFlushesOfContent());
    int names = scene.violations(recording.withoutFlushesOfNames());

    System.out.println(
        "power cuts: without flushes of content "
            + content
            + " violations, without flushes of names "
            + names);
    assertEquals(0, scene.violations(recording));
    assertTrue(content > 0, "whether content is flushed makes no difference");
    assertTrue(names > 0, "whether names are flushed makes no difference");
  }

  @Test
  void acquiringAndInstallingInTwoStepsIsTheSame() throws Exception {
    anUpdate()
        .sweep(
            "acquire, then install",
            (machine, kernel) -> {
              var _ = machine.apply(kernel, Optional.empty(), Goal.ACQUIRE);
              var _ = machine.apply(kernel, Optional.empty(), Goal.INSTALL_OFFLINE);
            },
            PowerCutSweepTest::apply);
  }

  @Test
  void aFirstInstallationCutAnywhereBecomesWhole() throws Exception {
    server.publish(V2);
    CrashScene scene = scene(V2);
    scene.machine().build();

    sweep("first installation", scene.running("1").wanting("2"), PowerCutSweepTest::apply);
  }

  @Test
  void aDowngradeCutAnywhereLeavesAWholeVersion() throws Exception {
    server.publish(V0);
    CrashScene scene = scene(V0, V1, V2);
    scene.machine().holding(V1, 0).holding(V2, 1).build();
    Files.move(scene.menu("os_2.efi"), scene.menu("os_2+0-3.efi"));
    scene.running("1").linked(0).wanting("0").keeping("1");

    sweep(
        "downgrade",
        scene,
        (machine, kernel) -> {
          var _ = machine.apply(kernel, Optional.of("0"), Goal.UPDATE);
        });
  }

  @Test
  void anUpdateByBlocksCutAnywhereLeavesAWholeVersion() throws Exception {
    Release next = BootableRelease.like("2", V1, 4);
    server.sendingParts().publish(next);
    CrashScene scene = scene(V0, V1, next);
    scene.machine().holding(V1, 0).holding(V0, 1).build();

    sweep(
        "delta", scene.running("1").linked(0).wanting("2").keeping("1"), PowerCutSweepTest::apply);

    assertTrue(server.partBytes(next.usrName()) > 0, "it was fetched as a whole");
  }

  @Test
  void aVacuumAndAnUpdateCutAnywhereLeaveAWholeVersion() throws Exception {
    CrashScene scene = anUpdate();
    Files.write(scene.menu(".sysupdate.partial.os_1.5.efi"), new byte[7]);

    sweep(
        "vacuum and update",
        scene,
        (machine, kernel) -> {
          try (var updater = machine.updater(kernel)) {
            var _ = updater.vacuum("test");
          }
          apply(machine, kernel);
        });
  }

  @Test
  void eachOfTwoEspsBootsAWholeVersionWheneverThePowerIsCut() throws Exception {
    sweep("two ESPs", anUpdate().withSecondEsp(), PowerCutSweepTest::apply);
  }

  @Test
  void aSecondEspThatWasAwayBootsAWholeVersionWhileItIsBroughtIntoStep() throws Exception {
    CrashScene scene = anUpdate().withSecondEsp().secondBootsOneOf("0", "1");
    Files.delete(scene.secondMenu("os_1.efi"));
    Files.write(scene.secondMenu(".sysupdate.pending.os_1.efi"), new byte[7]);

    sweep("two ESPs, one behind", scene, PowerCutSweepTest::apply);
  }

  @Test
  void anEntryOfTheSecondEspThatIsFoundGoodIsNotLostByThat() throws Exception {
    CrashScene scene = anUpdate().withSecondEsp().secondBootsOneOf("0", "1");
    Files.move(scene.secondMenu("os_1.efi"), scene.secondMenu("os_1+3-0.efi"));

    sweep("two ESPs, found good", scene, PowerCutSweepTest::apply);
  }

  @Test
  void theOnlyEntryOfTheSecondEspIsNotLostByThat() throws Exception {
    CrashScene scene = anUpdate().withSecondEsp();
    Files.delete(scene.secondMenu("os_0.efi"));
    Files.move(scene.secondMenu("os_1.efi"), scene.secondMenu("os_1+3-0.efi"));

    sweep("two ESPs, only one entry", scene, PowerCutSweepTest::apply);
  }

  @ParameterizedTest
  @EnumSource(CrashScene.Fault.class)
  void aChangeThatFailsLeavesAWholeVersionOnBothEsps(CrashScene.Fault fault) throws Exception {
    anUpdate()
        .withSecondEsp()
        .faults("two ESPs", fault, PowerCutSweepTest::apply, PowerCutSweepTest::apply);
  }

  private static byte[] addOn(String version) {
    return PeBytes.application()
        .with(".cmdline", "quiet\0")
        .with(".initrd", Release.noise(version, 5, 5_000))
        .bytes();
  }

  @Test
  void addOnsOfTheKernelAreWholeWhereverTheirKernelIs() throws Exception {
    server.publish("os_2.addon.efi", addOn("2"));
    server.publish(V2);
    CrashScene scene = scene(V0, V1, V2);
    scene
        .machine()
        .definition(
            "80-addon",
            """
            [Source]
            Type=url-file
            Path=%s
            MatchPattern=os_@v.addon.efi
            [Target]
            Type=regular-file
            Path=/EFI/Linux
            PathRelativeTo=esp
            MatchPattern=os_@v.efi.extra.d/local.addon.efi
            Mode=0444
            InstancesMax=2
            """
                .formatted(server.url()));
    scene.machine().holding(V1, 0).holding(V0, 1).build();
    for (Release release : List.of(V0, V1)) {
      Path folder = Files.createDirectory(scene.menu(release.ukiName() + ".extra.d"));
      Files.write(folder.resolve("local.addon.efi"), addOn(release.version()));
    }
    scene.always((cut, judge) ->
        judge.menu().stream()
            .filter(entry ->
                !Arrays.equals(
                    cut.file(
                            CrashScene.MENU
                                + "/os_"
                                + entry.version()
                                + ".efi.extra.d/local.addon.efi")
                        .orElse(new byte[0]),
                    addOn(entry.version())))
            .map(entry -> entry.file() + " has no whole add-on")
            .toList());

    sweep(
        "add-ons",
        scene.running("1").linked(0).wanting("2").keeping("1"),
        PowerCutSweepTest::apply);
  }

  @Test
  void aTreeThatHasItsNameIsWhole() throws Exception {
    server.publish("tree_2.tar", SampleTree.archive("2"));
    server.publish(V2);
    CrashScene scene = scene(V0, V1, V2);
    scene
        .machine()
        .definition(
            "50-tree",
            """
            [Source]
            Type=url-tar
            Path=%s
            MatchPattern=tree_@v.tar
            [Target]
            Type=directory
            Path=%s/trees
            MatchPattern=tree_@v
            CurrentSymlink=current
            InstancesMax=2
            """
                .formatted(server.url(), home));
    scene.machine().holding(V1, 0).holding(V0, 1).build();
    for (String version : List.of("0", "1")) {
      SampleTree.write(home.resolve("trees/tree_" + version), version);
    }
    Files.createSymbolicLink(home.resolve("trees/current"), Path.of("tree_1"));
    scene.always(PowerCutSweepTest::trees);
    scene.inTheEnd((cut, _) ->
        cut.link("trees/current").equals(Optional.of("tree_2")) ? List.of() : List.of("no link"));

    sweep("tree", scene.running("1").linked(0).wanting("2").keeping("1"), PowerCutSweepTest::apply);
  }

  private static List<String> trees(Cut cut, BootJudge judge) {
    List<String> found = new ArrayList<>();
    for (String version : List.of("0", "1", "2")) {
      boolean named = cut.names("trees").contains("tree_" + version);
      Map<String, String> files = new TreeMap<>();
      SampleTree.files(version)
          .keySet()
          .forEach(name ->
              cut.file("trees/tree_" + version + "/" + name)
                  .ifPresent(bytes -> files.put(name, new String(bytes, StandardCharsets.UTF_8))));
      boolean whole = files.equals(SampleTree.files(version));
      if (named && !whole) {
        found.add("tree " + version + " holds " + files);
      }
      if (judge.boots(version) && !whole) {
        found.add("version " + version + " boots without its tree");
      }
    }
    String current = cut.link("trees/current").orElse("nothing");
    if (!cut.names("trees").contains(current)) {
      found.add("the link to the tree leads to " + current);
    }
    return found;
  }

  @Test
  void aRepairCutAnywhereDamagesNothingMore() throws Exception {
    server.sendingParts().publish(V2);
    CrashScene scene = scene(V1, V2);
    scene.machine().holding(V1, 0).holding(V2, 1).build();
    byte[] disk = Files.readAllBytes(scene.machine().disk());
    disk[Laboratory.Part.USR.offset(1) + 5 * 4096 + 9] ^= 1;
    disk[Laboratory.Part.USR.offset(1) + 20 * 4096] ^= 1;
    Files.write(scene.machine().disk(), disk);
    scene.damaged("2");

    sweep(
        "repair",
        scene.running("1").staying().wanting("2").keeping("1"),
        (machine, kernel) -> {
          try (var updater = machine.updater(kernel)) {
            var _ = updater.repair(Optional.of("2"), "test");
          }
        });
  }

  /** Version 1 runs, and the kernel of version 2 is large enough to be kept on the way. */
  private CrashScene spoolingScene() throws Exception {
    server.publish(LARGE);
    CrashScene scene = scene(V0, V1, LARGE);
    scene.machine().spooling().holding(V1, 0).holding(V0, 1).build();
    return scene.running("1").linked(0).wanting("2").keeping("1");
  }

  @Test
  void whatWasInterruptedAndGoneOnWithIsCutAnywhere() throws Exception {
    CrashScene scene = spoolingScene();
    server.cutting(LARGE.ukiName(), 4 << 20);
    assertThrows(UpdateException.class, () -> apply(scene.machine(), new UnhurriedKernel()));
    server.healed();

    sweep("interrupted and resumed", scene, PowerCutSweepTest::apply);
  }

  @Test
  void whileItIsInterruptedItIsCutAnywhere() throws Exception {
    spoolingScene()
        .sweep("update that is kept", PowerCutSweepTest::applySlowly, PowerCutSweepTest::apply);
  }

  @ParameterizedTest
  @EnumSource(CrashScene.Fault.class)
  void aChangeThatFailsLeavesAWholeVersion(CrashScene.Fault fault) throws Exception {
    anUpdate().faults("update", fault, PowerCutSweepTest::apply, PowerCutSweepTest::apply);
  }

  @Test
  void anErrorWhileAnUpdateIsKeptLeavesAWholeVersion() throws Exception {
    // Also what is flushed on the way, and no more in the end, is lost if that fails.
    spoolingScene()
        .faults(
            "update that is kept",
            CrashScene.Fault.ERROR_ONCE,
            PowerCutSweepTest::applySlowly,
            PowerCutSweepTest::apply);
  }
}
