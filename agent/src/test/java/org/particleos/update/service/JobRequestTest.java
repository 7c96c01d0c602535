package org.particleos.update.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JobRequestTest {
  private static final ServedTarget HOST =
      new ServedTarget(TargetId.HOST, "sysupdate.d", new ServedTarget.Place.Host());

  @Test
  void eachJobIsTheVerbOfTheReference() {
    assertEquals(
        List.of("--json=short", "--progress=json", "list"),
        JobRequest.of(JobType.LIST, HOST).arguments());
    assertEquals(
        List.of("--json=short", "--progress=json", "--offline", "list", "--", "7"),
        JobRequest.of(JobType.LIST, HOST).offline(true).on("7").arguments());
    assertEquals(
        List.of("--json=short", "--progress=json", "--offline", "update", "--", "7"),
        JobRequest.of(JobType.INSTALL, HOST).on("7").arguments());
    assertEquals(
        List.of("--json=short", "--progress=json", "features", "--", "devel"),
        new JobRequest(JobType.DESCRIBE_FEATURE, HOST, Optional.of("devel"), false, List.of())
            .arguments());
  }

  @Test
  void targetsAreChosenByOptions() {
    var component =
        new ServedTarget(
            TargetId.component("shim"), "x", new ServedTarget.Place.OfComponent("shim"));
    var tree =
        new ServedTarget(
            new TargetId(TargetClass.SYSEXT, "a"),
            "/var/lib/extensions/a",
            new ServedTarget.Place.Directory(Path.of("/var/lib/extensions/a")));
    var image =
        new ServedTarget(
            new TargetId(TargetClass.PORTABLE, "b"),
            "/var/lib/portables/b.raw",
            new ServedTarget.Place.Image(Path.of("/var/lib/portables/b.raw")));

    assertEquals("--component=shim", JobRequest.of(JobType.LIST, component).arguments().get(2));
    assertEquals(
        "--root=/var/lib/extensions/a", JobRequest.of(JobType.LIST, tree).arguments().get(2));
    // What lies in an image does not lie below the root that a daemon may have been started with.
    assertEquals(
        List.of("--root=", "--image=/var/lib/portables/b.raw"),
        JobRequest.of(JobType.LIST, image).arguments().subList(2, 4));
  }

  @Test
  void optionsThatOnlyTheVerbKnowsStandBehindIt() {
    assertEquals(
        List.of("boot-loader", "refresh", "--after-good-boot"),
        JobRequest.of(JobType.BOOT_LOADER, HOST)
            .with(List.of("--after-good-boot"))
            .arguments()
            .subList(2, 5));
  }

  @Test
  void aVersionThatBeginsWithADashIsNoOption() {
    assertEquals(
        List.of("--", "--help"),
        JobRequest.of(JobType.ACQUIRE, HOST).on("--help").arguments().subList(3, 5));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a/b", "1 2", "\n", "ü"})
  void whatIsNoVersionIsRefused(String text) {
    var request = JobRequest.of(JobType.ACQUIRE, HOST);

    assertThrows(IllegalArgumentException.class, () -> request.on(text));
  }

  @Test
  void descriptionsNeedASubjectAndVacuumTakesNone() {
    assertThrows(IllegalArgumentException.class, () -> JobRequest.of(JobType.DESCRIBE, HOST));
    var vacuum = JobRequest.of(JobType.VACUUM, HOST);
    assertThrows(IllegalArgumentException.class, () -> vacuum.on("7"));
    assertThrows(IllegalArgumentException.class, () -> vacuum.with(List.of("7")));
    assertEquals("--sizes", vacuum.with(List.of("--sizes")).arguments().get(2));
  }
}
