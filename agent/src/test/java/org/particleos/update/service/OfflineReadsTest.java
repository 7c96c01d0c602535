package org.particleos.update.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.update.Machine;

class OfflineReadsTest {
  private static final ServedTarget HOST =
      new ServedTarget(TargetId.HOST, "sysupdate.d", new ServedTarget.Place.Host());
  private static final ServedTarget IMAGE =
      new ServedTarget(
          new TargetId(TargetClass.SYSEXT, "a"),
          "/a.raw",
          new ServedTarget.Place.Image(Path.of("/a.raw")));

  @TempDir Path home;
  private final FakeWorkers workers = new FakeWorkers();
  private Path root;
  private OfflineReads reads;

  @BeforeEach
  void begin() throws IOException {
    root = Files.createDirectory(home.resolve("root"));
    file("etc/os-release", "ID=test\n");
    system("", "7");
    var machine =
        Machine.running(new LinuxKernel(), InstantSource.system(), Map.of(), home).below(root);
    reads = new OfflineReads(machine, new Jobs(workers));
  }

  private void file(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  /** Definitions of a system whose source nobody may ask, and one installed version. */
  private void system(String below, String version) throws IOException {
    file(below + "etc/os-release", "ID=test\n");
    file(
        below + "usr/lib/sysupdate.d/10-os.transfer",
        """
        [Transfer]
        AppStream=https://example.org/a.xml
        Verify=no

        [Source]
        Type=url-file
        Path=http://127.0.0.1:1/
        MatchPattern=os_@v.efi

        [Target]
        Type=regular-file
        Path=/srv
        MatchPattern=os_@v.efi
        """);
    file(below + "usr/lib/sysupdate.d/devel.feature", "[Feature]\nDescription=x\n");
    file(below + "srv/os_" + version + ".efi", "x");
  }

  @Test
  void theHostIsReadHereWithoutAskingTheServer() throws Exception {
    assertEquals(Optional.of("7"), reads.version(HOST));
    assertEquals(List.of("https://example.org/a.xml"), reads.appStream(HOST));
    assertEquals(List.of("devel"), reads.features(HOST));
    assertTrue(workers.noneStarted());
  }

  @Test
  void aTreeIsReadBelowItsOwnRoot() throws Exception {
    system("var/lib/machines/m/", "9");
    var tree =
        new ServedTarget(
            new TargetId(TargetClass.MACHINE, "m"),
            "/x",
            new ServedTarget.Place.Directory(root.resolve("var/lib/machines/m")));

    assertEquals(Optional.of("9"), reads.version(tree));
    assertEquals(List.of("devel"), reads.features(tree));
  }

  @Test
  void nothingInstalledIsNoVersionAndNoDefinitionsIsAFailure() throws Exception {
    Files.delete(root.resolve("srv/os_7.efi"));
    assertEquals(Optional.empty(), reads.version(HOST));

    Files.delete(root.resolve("usr/lib/sysupdate.d/10-os.transfer"));
    var failed = assertThrows(UpdateException.class, () -> reads.version(HOST));
    assertEquals(Reason.NO_DEFINITIONS, failed.reason());
  }

  private interface Question<T> {
    T ask() throws UpdateException, InterruptedException;
  }

  private static <T> CompletableFuture<T> asking(Question<T> question) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        return question.ask();
      } catch (UpdateException | InterruptedException e) {
        throw new java.util.concurrent.CompletionException(e);
      }
    });
  }

  @Test
  void aDiskImageIsLeftToAWorker() throws Exception {
    var version = asking(() -> reads.version(IMAGE));
    FakeWorkers.Played worker = workers.next();
    assertEquals(
        List.of(
            "--json=short", "--progress=json", "--root=", "--image=/a.raw", "--offline", "list"),
        worker.arguments());
    worker.says("{'current+pending':'3','all':['3'],'appstreamUrls':[]}").ends(0);
    assertEquals(Optional.of("3"), version.get(30, TimeUnit.SECONDS));

    var features = asking(() -> reads.features(IMAGE));
    workers.next().says("{'features':['devel','x']}").ends(0);
    assertEquals(List.of("devel", "x"), features.get(30, TimeUnit.SECONDS));
  }

  @Test
  void whatTheWorkerRefusesIsRefusedHere() throws Exception {
    var version = asking(() -> reads.version(IMAGE));
    workers
        .next()
        .says(
            "{'event':'failed','exitStatus':6,'kind':'CONFIGURATION',"
                + "'reason':'IMAGE_NOT_ACCEPTED','message':'refused','remedy':''}")
        .ends(1);

    var failed =
        assertThrows(
            java.util.concurrent.ExecutionException.class, () -> version.get(30, TimeUnit.SECONDS));
    var cause = assertInstanceOf(UpdateException.Configuration.class, failed.getCause());
    assertEquals(Reason.IMAGE_NOT_ACCEPTED, cause.reason());
  }
}
