package org.particleos.update.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.update.Machine;

class TargetsTest {
  private static final String TRANSFER =
      """
      [Source]
      Type=regular-file
      Path=/srv
      MatchPattern=os_@v.efi

      [Target]
      Type=regular-file
      Path=/EFI
      MatchPattern=os_@v.efi
      """;

  @TempDir Path home;
  private final List<String> warnings = new ArrayList<>();
  private final Map<Path, Integer> looks = new HashMap<>();
  private Runnable whileLooking = () -> {};
  private Path root;
  private Targets targets;

  @BeforeEach
  void begin() throws IOException {
    root = Files.createDirectory(home.resolve("root"));
    file(root, "etc/os-release", "ID=test\n");
    var machine =
        Machine.running(new LinuxKernel(), InstantSource.system(), Map.of(), home).below(root);
    targets = new Targets(machine, this::look, warnings::add);
  }

  /** An image holds a component if its text says so. */
  private boolean look(Path image) throws IOException {
    looks.merge(image, 1, Integer::sum);
    whileLooking.run();
    String text = Files.readString(image);
    if (text.equals("damaged")) {
      throw new IOException("no file system");
    }
    return text.equals("yes");
  }

  private static void file(Path below, String path, String text) throws IOException {
    Path file = below.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private void transfer(String below) throws IOException {
    file(root.resolve(below), "usr/lib/sysupdate.d/10-os.transfer", TRANSFER);
  }

  private List<String> ids() throws InterruptedException {
    return targets.all().stream().map(target -> target.id().toString()).toList();
  }

  @Test
  void aMachineWithNothingHasNoTargets() throws Exception {
    assertEquals(List.of(), ids());
    assertEquals(List.of(), warnings);
  }

  @Test
  void hostComponentsAndImagesAreListedInTheOrderOfTheirClasses() throws Exception {
    transfer("");
    file(root, "usr/lib/sysupdate.shim.d/10-shim.transfer", TRANSFER);
    file(root, "etc/sysupdate.b.d/10-b.transfer", TRANSFER);
    transfer("var/lib/extensions/tree");
    file(root, "var/lib/extensions/image.raw", "yes");
    file(root, "var/lib/portables/service.raw", "yes");
    transfer("var/lib/machines/fedora-40");
    file(root, "run/confexts/etc.raw", "yes");

    assertEquals(
        List.of(
            "machine:fedora-40",
            "portable:service",
            "sysext:image",
            "sysext:tree",
            "confext:etc",
            "host",
            "component:b",
            "component:shim"),
        ids());
    ServedTarget tree = targets.find(new TargetId(TargetClass.SYSEXT, "tree")).orElseThrow();
    assertEquals(List.of("--root=" + root.resolve("var/lib/extensions/tree")), tree.options());
    assertEquals("sysupdate.d", targets.find(TargetId.HOST).orElseThrow().path());
    assertEquals("sysupdate.b.d", targets.find(TargetId.component("b")).orElseThrow().path());
  }

  @Test
  void imagesWithoutTransfersAreNoTargets() throws Exception {
    Files.createDirectories(root.resolve("var/lib/extensions/plain"));
    file(root, "var/lib/extensions/plain.raw", "no");

    assertEquals(List.of(), ids());
  }

  @Test
  void whatIsUnfinishedHiddenOrAStackIsNoImage() throws Exception {
    for (String name : List.of(".sysupdate.partial.a", ".host", "stack.mstack", "versions.raw.v")) {
      transfer("var/lib/extensions/" + name);
    }
    file(root, "var/lib/extensions/.raw", "yes");
    file(root, "var/lib/extensions/readme.txt", "yes");
    Files.createSymbolicLink(root.resolve("var/lib/extensions/self"), Path.of("/"));

    assertEquals(List.of(), ids());
  }

  @Test
  void theFirstDirectoryOfAClassWins() throws Exception {
    transfer("etc/extensions/a");
    file(root, "var/lib/extensions/a.raw", "yes");

    assertEquals(
        root.resolve("etc/extensions/a").toString(),
        targets.find(new TargetId(TargetClass.SYSEXT, "a")).orElseThrow().path());
    assertEquals(List.of("sysext:a"), ids());
  }

  @Test
  void aDamagedImageIsLeftOutWithAWarning() throws Exception {
    file(root, "var/lib/extensions/bad.raw", "damaged");
    file(root, "var/lib/extensions/good.raw", "yes");

    assertEquals(List.of("sysext:good"), ids());
    assertEquals(1, warnings.size());
    assertTrue(warnings.getFirst().contains("bad.raw"), warnings.getFirst());
  }

  @Test
  void damagedDefinitionsLeaveTheHostOutAndTheRestIn() throws Exception {
    file(root, "etc/sysupdate.d/10-os.transfer", "[Source]\nType=nonsense\n");
    file(root, "usr/lib/sysupdate.shim.d/10-shim.transfer", TRANSFER);

    assertEquals(List.of("component:shim"), ids());
    assertEquals(1, warnings.size());
  }

  @Test
  void newTargetsAreFoundAfterForgettingAndImagesAreNotMountedAgain() throws Exception {
    file(root, "var/lib/extensions/a.raw", "yes");
    assertEquals(List.of("sysext:a"), ids());
    transfer("");
    assertEquals(List.of("sysext:a"), ids());

    targets.forget();

    assertEquals(List.of("sysext:a", "host"), ids());
    assertEquals(Map.of(root.resolve("var/lib/extensions/a.raw"), 1), looks);
    file(root, "var/lib/extensions/a.raw", "not any more");
    targets.forget();
    assertEquals(List.of("host"), ids());
  }

  @Test
  void whatIsForgottenDuringALookIsLookedForAgainTheNextTime() throws Exception {
    file(root, "var/lib/extensions/b.raw", "yes");
    whileLooking = this::extensionBefore;

    assertEquals(List.of("sysext:b"), ids());

    assertEquals(List.of("sysext:a", "sysext:b"), ids());
  }

  /** Appears, and whoever noticed does not wait for the look. */
  private void extensionBefore() {
    try {
      file(root, "var/lib/extensions/a.raw", "yes");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    targets.forget();
    whileLooking = () -> {};
  }

  @Test
  void namesOfTargetsAreReadBack() {
    for (String text : List.of("host", "component:shim", "machine:fedora-40", "sysext:a:b")) {
      assertEquals(Optional.of(text), TargetId.parse(text).map(TargetId::toString));
    }
    for (String text : List.of("", "host:host", "component:", "extension:a", ":a", "Host")) {
      assertEquals(Optional.empty(), TargetId.parse(text), text);
    }
  }
}
