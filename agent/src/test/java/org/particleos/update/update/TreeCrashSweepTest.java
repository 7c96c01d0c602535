package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.InodeFlag;
import org.particleos.update.update.Updater.Goal;

/**
 * The sweep of {@link CrashSweepTest} over an update that has partitions, a file and a read-only
 * tree from an archive. A tree that has its name is there as a whole at every moment, and so is
 * what a boot entry boots; the same command completes the rest, the mark included.
 */
class TreeCrashSweepTest {
  private static final Release V0 = Release.of("0");
  private static final Release V1 = Release.of("1");
  private static final Release V2 = Release.of("2");

  /** Above any number of changes of such an update; ends a sweep that would not. */
  private static final int CHANGES_MAX = 5000;

  @TempDir Path home;
  private ReleaseServer server;

  @BeforeEach
  void start() throws IOException {
    server = new ReleaseServer();
    server.publish(V2);
    server.publish("tree_2.tar", SampleTree.archive("2"));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** What runs on a kernel that will fail. */
  private interface Command {
    void run(Laboratory machine, Kernel kernel) throws UpdateException;
  }

  /** A machine and the kernel that remembers its marks. */
  private record Scene(Laboratory machine, Kernel kernel) {
    Path trees() {
      return machine.home().resolve("trees");
    }

    Path tree(String version) {
      return trees().resolve("tree_" + version);
    }

    List<String> names() throws IOException {
      try (Stream<Path> files = Files.list(trees())) {
        return files.map(file -> file.getFileName().toString()).sorted().toList();
      }
    }

    boolean marked(String version) throws IOException {
      return kernel.inodeFlags(tree(version)).contains(InodeFlag.IMMUTABLE);
    }
  }

  private Scene fresh(String name) throws IOException {
    Path place = Files.createDirectory(home.resolve(name));
    var machine = new Laboratory(place, server).holding(V1, 0).holding(V0, 1);
    machine.definition(
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
        ReadOnly=yes
        CurrentSymlink=current
        InstancesMax=2
        """
            .formatted(server.url(), place));
    machine.build();
    var scene = new Scene(machine, new MarkingKernel());
    for (String version : List.of("0", "1")) {
      SampleTree.write(scene.tree(version), version);
      scene.kernel.changeInodeFlag(scene.tree(version), InodeFlag.IMMUTABLE, true);
    }
    Files.createSymbolicLink(scene.trees().resolve("current"), Path.of("tree_1"));
    return scene;
  }

  private int sweep(Command command) throws Exception {
    int failed = 0;
    for (int change = 0; change < CHANGES_MAX; change++) {
      Scene scene = fresh("case" + change);
      Judge before = Judge.of(scene.machine);
      var kernel =
          new FailingKernel(scene.kernel, change, () -> new IOException("the power is cut"));
      Optional<UpdateException> error = Optional.empty();
      try {
        command.run(scene.machine, kernel);
      } catch (UpdateException e) {
        error = Optional.of(e);
      }
      if (error.isEmpty() && kernel.operations().size() <= change) {
        return failed;
      }
      failed++;
      String at = "change " + change + ", " + kernel.operations().get(change);
      try {
        judgeCut(scene, before);
        scene.machine.apply(scene.kernel, Optional.empty(), Goal.UPDATE);
        judgeCompleted(scene, before);
      } catch (UpdateException | AssertionError e) {
        error.ifPresent(e::addSuppressed);
        throw new AssertionError(at, e);
      }
      Files.delete(scene.machine.disk());
    }
    throw new AssertionError("the update never ended well");
  }

  private static void judgeCut(Scene scene, Judge before) throws IOException {
    Judge after = Judge.of(scene.machine);
    after.assertWhole(V1);
    after.assertSlotsUntouchedSince(before, 0);
    after.assertEveryEntryBoots(V0, V1, V2);
    for (String name : scene.names()) {
      if (name.startsWith("tree_")) {
        String version = name.substring("tree_".length());
        SampleTree.assertWhole(scene.tree(version), version);
      }
      if (name.startsWith(".sysupdate.pending.")) {
        SampleTree.assertWhole(scene.trees().resolve(name), "2");
      }
    }
    List<String> bootable = new ArrayList<>(after.entries());
    if (bootable.contains("os_2+3-0.efi")) {
      SampleTree.assertWhole(scene.tree("2"), "2");
    }
    SampleTree.assertWhole(scene.trees().resolve("current").toRealPath(), current(scene));
  }

  private static String current(Scene scene) throws IOException {
    String name = Files.readSymbolicLink(scene.trees().resolve("current")).toString();
    return name.substring("tree_".length());
  }

  private static void judgeCompleted(Scene scene, Judge before) throws IOException {
    Judge completed = Judge.of(scene.machine);
    completed.assertWhole(V1);
    completed.assertWhole(V2);
    completed.assertSlotsUntouchedSince(before, 0);
    completed.assertEveryEntryBoots(V1, V2);
    assertEquals(List.of(), completed.hidden());
    assertEquals(List.of("current", "tree_1", "tree_2"), scene.names());
    SampleTree.assertWhole(scene.tree("1"), "1");
    SampleTree.assertWhole(scene.tree("2"), "2");
    assertTrue(scene.marked("2"), "the new tree is not marked read-only");
    assertEquals("2", current(scene));
  }

  @Test
  void losingPowerAtAnyChangeOfAnUpdateWithATreeCanBeContinued() throws Exception {
    int cases =
        sweep((machine, kernel) -> {
          var _ = machine.apply(kernel, Optional.empty(), Goal.UPDATE);
        });

    System.out.println("power cut before each of " + cases + " changes of an update with a tree");
    assertTrue(cases > 60, "such an update makes more changes than " + cases);
  }

  @Test
  void losingPowerAtAnyChangeOfAcquiringOrInstallingATreeCanBeContinued() throws Exception {
    int cases =
        sweep((machine, kernel) -> {
          var _ = machine.apply(kernel, Optional.empty(), Goal.ACQUIRE);
          var _ = machine.apply(kernel, Optional.empty(), Goal.INSTALL_OFFLINE);
        });

    System.out.println(
        "power cut before each of " + cases + " changes of acquire and install with a tree");
    assertTrue(cases > 60, "such an update makes more changes than " + cases);
  }
}
