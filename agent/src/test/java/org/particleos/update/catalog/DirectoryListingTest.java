package org.particleos.update.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.particleos.update.catalog.ATransfer.patterns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.definition.ResourceType;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.pattern.PatternList;

class DirectoryListingTest {
  @TempDir Path base;

  private void file(String path) throws IOException {
    Path file = base.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, path);
  }

  private List<String> list(ResourceType type, PatternList patterns) throws IOException {
    return DirectoryListing.list(new LinuxKernel(), base, type, patterns).stream()
        .map(instance ->
            instance.version()
                + " "
                + instance.stage()
                + " "
                + base.relativize(Path.of(instance.location())))
        .toList();
  }

  private List<String> files(String... words) throws IOException {
    return list(ResourceType.REGULAR_FILE, patterns(words));
  }

  @Test
  void filesThatMatchAreInstancesOthersAreNot() throws IOException {
    file("os_1.raw");
    file("os_2.raw");
    file("os_2.raw.sig");
    file("other_3.raw");
    Files.createDirectory(base.resolve("os_4.raw"));

    assertEquals(List.of("1 INSTALLED os_1.raw", "2 INSTALLED os_2.raw"), files("os_@v.raw"));
  }

  @Test
  void aMissingDirectoryHoldsNothing() throws IOException {
    base = base.resolve("missing");

    assertEquals(List.of(), files("os_@v.raw"));
  }

  @Test
  void aDirectoryThatCannotBeReadIsAnError() throws IOException {
    file("os_1.raw");
    Path notDirectory = base.resolve("os_1.raw");

    assertThrows(
        IOException.class,
        () ->
            DirectoryListing.list(
                new LinuxKernel(), notDirectory, ResourceType.REGULAR_FILE, patterns("os_@v.raw")));
  }

  @Test
  void markersSayHowFarAFileIsAndAreNoPartOfItsName() throws IOException {
    file("os_1.raw");
    file(".sysupdate.partial.os_2.raw");
    file(".sysupdate.pending.os_3.raw");
    file(".sysupdate.partial.");

    assertEquals(
        List.of(
            "2 PARTIAL .sysupdate.partial.os_2.raw",
            "3 PENDING .sysupdate.pending.os_3.raw",
            "1 INSTALLED os_1.raw"),
        files("os_@v.raw"));
  }

  @Test
  void aMarkerOnADirectoryHoldsForWhatIsInItUnlessThatHasItsOwn() throws IOException {
    file(".sysupdate.partial.os_1.d/x.raw");
    file(".sysupdate.partial.os_2.d/.sysupdate.pending.x.raw");
    file("os_3.d/.sysupdate.pending.x.raw");
    file("os_4.d/x.raw");

    assertEquals(
        List.of(
            "1 PARTIAL .sysupdate.partial.os_1.d/x.raw",
            "2 PENDING .sysupdate.partial.os_2.d/.sysupdate.pending.x.raw",
            "3 PENDING os_3.d/.sysupdate.pending.x.raw",
            "4 INSTALLED os_4.d/x.raw"),
        files("os_@v.d/x.raw"));
  }

  @Test
  void onlyDirectoriesThatAPatternWantsAreEntered() throws IOException {
    file("a/b/os_1.raw");
    file("a/c/os_2.raw");
    file("a/os_3.raw");

    assertEquals(List.of("1 INSTALLED a/b/os_1.raw"), files("a/b/os_@v.raw"));
    assertEquals(
        List.of("1 INSTALLED a/b/os_1.raw", "3 INSTALLED a/os_3.raw"),
        files("a/os_@v.raw", "a/b/os_@v.raw"));
    assertEquals(
        List.of("1 INSTALLED a/b/os_1.raw", "3 INSTALLED a/os_3.raw"),
        files("a/b/os_@v.raw", "a/os_@v.raw"));
  }

  @Test
  void theAnywherePrefixFindsFilesInEveryDepth() throws IOException {
    file("os_1.raw");
    file("x/os_2.raw");
    file("x/y/z/os_3.raw");

    assertEquals(
        List.of("1 INSTALLED os_1.raw", "2 INSTALLED x/os_2.raw", "3 INSTALLED x/y/z/os_3.raw"),
        files("**/os_@v.raw"));
  }

  @Test
  void symbolicLinksAreNeitherInstancesNorFollowed() throws IOException {
    file("real/os_1.raw");
    Files.createSymbolicLink(base.resolve("os_2.raw"), base.resolve("real/os_1.raw"));
    Files.createSymbolicLink(base.resolve("link"), base.resolve("real"));

    assertEquals(List.of("1 INSTALLED real/os_1.raw"), files("**/os_@v.raw"));
    assertEquals(List.of(), files("link/os_@v.raw"));
  }

  @Test
  void directoriesAreInstancesWhereDirectoriesAreWanted() throws IOException {
    file("os_1/etc/os-release");
    file(".sysupdate.partial.os_2/x");
    file("os_3");

    assertEquals(
        List.of("2 PARTIAL .sysupdate.partial.os_2", "1 INSTALLED os_1"),
        list(ResourceType.DIRECTORY, patterns("os_@v")));
  }

  @Test
  void timeModeAndSizeAreThoseOfTheInodeUnlessTheNameSaysThem() throws IOException {
    file("os_1.raw");
    Path file = base.resolve("os_1.raw");
    Files.setLastModifiedTime(file, FileTime.from(Instant.ofEpochSecond(1000)));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    file("named_1_640.raw");
    file("epoch_1.raw");
    Files.setLastModifiedTime(base.resolve("epoch_1.raw"), FileTime.from(Instant.EPOCH));

    var plain = one("os_@v.raw");
    var named = one("named_@v_@m.raw");
    var epoch = one("epoch_@v.raw");

    assertEquals(OptionalLong.of(1_000_000_000L), plain.metadata().mtimeMicros());
    assertEquals(OptionalInt.of(0664), plain.metadata().mode(), "others never write");
    assertEquals(8, plain.sizeBytes());
    assertEquals(OptionalInt.of(0640), named.metadata().mode());
    assertEquals(OptionalLong.empty(), epoch.metadata().mtimeMicros());
  }

  private Instance.InDirectory one(String pattern) throws IOException {
    var found =
        DirectoryListing.list(
            new LinuxKernel(), base, ResourceType.REGULAR_FILE, patterns(pattern));
    assertEquals(1, found.size(), pattern);
    return found.getFirst();
  }

  @Test
  void aFileThatVanishesMeanwhileIsSkipped() throws IOException {
    file("os_1.raw");
    file("os_2.raw");
    var kernel =
        new DelegatingKernel(new LinuxKernel()) {
          @Override
          public Optional<FileStatus> status(Path path) throws IOException {
            return path.endsWith("os_1.raw") ? Optional.empty() : super.status(path);
          }
        };

    var found =
        DirectoryListing.list(kernel, base, ResourceType.REGULAR_FILE, patterns("os_@v.raw"));

    assertEquals(Set.of("2"), Set.of(found.getFirst().version().text()));
    assertEquals(1, found.size());
  }
}
