package org.particleos.update.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.particleos.update.catalog.ATransfer.USR;
import static org.particleos.update.catalog.ATransfer.aTransfer;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.LinuxKernel;

class InstallDatabaseTest {
  private final LinuxKernel kernel = new LinuxKernel();
  @TempDir private Path root;

  private InstallDatabase database() {
    return new InstallDatabase(kernel, root, InstallDatabase.PARENT, Optional.empty());
  }

  private Path directory(String name) {
    return root.resolve("var/lib/systemd/sysupdate").resolve(name);
  }

  private static Set<String> targets(Path database) throws IOException {
    var targets = new TreeSet<String>();
    try (var links = Files.list(database)) {
      for (Path link : links.toList()) {
        targets.add(Files.readSymbolicLink(link).toString());
      }
    }
    return targets;
  }

  /** The vectors of update-algorithm.md 15.1. */
  @ParameterizedTest
  @CsvSource({
    "/var/lib/machines/./image_@v.raw,"
        + "8cbee6aa38b98811598118ebbc0eb4c1b7e479e7bfa4312c0b36edc765d1733b",
    "/var/lib/machines/./image_@v.efi,"
        + "042266dec8deae09c1e75f3d015734513b75a1daa38b4173c907b5345cf4ed41",
    "/target/./alpha-@v.bin,8eb15f0e7648007e5ecf5ea2559a91e09bf88e37bd38ff0e75e6291a42950117"
  })
  void aRecordIsNamedByTheDigestOfWhatItSays(String content, String name) {
    assertEquals(name, InstallDatabase.nameOf(content));
  }

  @Test
  void everyTargetPatternHasARecordBelowTheRoot() throws Exception {
    var transfer =
        aTransfer("a")
            .toFiles(root.resolve("var/lib/machines"), "image_@v.raw", "image_@v.efi")
            .build();

    assertEquals(Optional.empty(), database().record(transfer));
    assertEquals(Optional.empty(), database().record(transfer));

    Path database = directory("installdb");
    assertEquals(
        Set.of("/var/lib/machines/./image_@v.efi", "/var/lib/machines/./image_@v.raw"),
        targets(database));
    assertTrue(
        Files.isSymbolicLink(
            database.resolve("8cbee6aa38b98811598118ebbc0eb4c1b7e479e7bfa4312c0b36edc765d1733b")));
    assertEquals(
        "rwxr-xr-x", PosixFilePermissions.toString(Files.getPosixFilePermissions(database)));
  }

  @Test
  void onTheHostNothingIsStripped() throws Exception {
    var entry = InstallDatabase.nameOf("/./os_@v.raw");
    var transfer = aTransfer("a").toFiles(root, "os_@v.raw").build();

    database().record(transfer);

    assertTrue(Files.isSymbolicLink(directory("installdb").resolve(entry)));
  }

  @Test
  void aComponentHasItsOwn() throws Exception {
    var transfer = aTransfer("a").toFiles(root.resolve("x"), "x_@v").build();

    new InstallDatabase(kernel, root, InstallDatabase.PARENT, Optional.of("app")).record(transfer);

    assertEquals(Set.of("/x/./x_@v"), targets(directory("installdb.app")));
    assertThrows(
        IllegalArgumentException.class,
        () -> new InstallDatabase(kernel, root, InstallDatabase.PARENT, Optional.of("../x")));
  }

  @Test
  void aTransferToPartitionsLeavesNoTrace() {
    var transfer = aTransfer("usr").toPartitions(Path.of("/dev/vda"), USR, "os_@v").build();

    assertEquals(Optional.empty(), database().record(transfer));

    assertTrue(Files.notExists(root.resolve("var")));
  }

  @Test
  void aTargetOutsideOfTheRootIsAWarning() {
    var transfer = aTransfer("a").toFiles(Path.of("/elsewhere"), "x_@v").build();

    var warning = database().record(transfer);

    assertTrue(warning.orElseThrow().contains("is not below"), warning.toString());
  }

  @Test
  void aDiskThatIsFullIsAWarning() {
    var transfer = aTransfer("a").toFiles(root.resolve("x"), "x_@v").build();
    var full =
        new FailingKernel(
            kernel, 0, () -> new LinuxException(Errno.ENOSPC.number(), "mkdir", "x", "full"));

    var warning =
        new InstallDatabase(full, root, InstallDatabase.PARENT, Optional.empty()).record(transfer);

    assertTrue(warning.orElseThrow().contains("full"), warning.toString());
  }

  @Test
  void anotherLinkOfTheNameAndALeftoverAreReplaced() throws Exception {
    var transfer = aTransfer("a").toFiles(root.resolve("x"), "x_@v").build();
    Path database = Files.createDirectories(directory("installdb"));
    String name = InstallDatabase.nameOf("/x/./x_@v");
    Files.createSymbolicLink(database.resolve(name), Path.of("/wrong"));
    Files.createSymbolicLink(database.resolve(".#" + name), Path.of("/left"));

    database().record(transfer);

    assertEquals(Set.of("/x/./x_@v"), targets(database));
  }

  @Test
  void whereTheDatabaseIsALinkOutOfTheRootItStaysInside(@TempDir Path outside) throws Exception {
    Files.createSymbolicLink(root.resolve("var"), outside);
    var transfer = aTransfer("a").toFiles(root.resolve("x"), "x_@v").build();

    assertEquals(Optional.empty(), database().record(transfer));

    try (var files = Files.list(outside)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void componentsWithRecordsAreListedIfTheirNamesAreValid() throws Exception {
    for (String name :
        List.of(
            "installdb",
            "installdb.b",
            "installdb.a",
            "installdb.",
            "installdb.x.component",
            "installdb.[x",
            "other.c")) {
      Files.createDirectories(directory(name));
    }
    Files.writeString(directory("installdb.file"), "");
    Files.createSymbolicLink(directory("installdb.link"), Path.of("installdb.a"));
    Files.createDirectory(
        Path.of(URI.create(directory("installdb").toUri() + "../installdb.odd%FF")));

    assertEquals(
        List.of("a", "b"), InstallDatabase.components(kernel, root, InstallDatabase.PARENT));
    assertEquals(
        List.of(),
        InstallDatabase.components(kernel, root.resolve("missing"), InstallDatabase.PARENT));
  }
}
