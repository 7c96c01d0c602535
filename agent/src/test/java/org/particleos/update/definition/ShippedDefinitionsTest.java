package org.particleos.update.definition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.version.Version;

/** The sets in {@code transfer-definitions/} say what their README says. */
class ShippedDefinitionsTest {
  /** Surefire runs in the folder of the module. */
  private static final Path SHIPPED =
      Path.of("..", "transfer-definitions").toAbsolutePath().normalize();

  private static final String OBS = "https://download.opensuse.org/repositories/";

  @Test
  void everySetOnDiskIsTested() throws IOException {
    try (Stream<Path> files = Files.walk(SHIPPED)) {
      var sets =
          files
              .filter(file -> file.toString().endsWith(".transfer"))
              .map(file -> SHIPPED.relativize(file.getParent()).toString())
              .distinct()
              .sorted()
              .toList();

      assertEquals(
          List.of(
              "debian-testing/development",
              "debian-testing/stable",
              "generic/development",
              "generic/stable"),
          sets);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "generic/stable, X86_64, system:/systemd:/stable/fedora_43_images/",
    "generic/stable, ARM64, system:/systemd:/stable/fedora_43_images/",
    "generic/development, X86_64, system:/systemd/fedora_43_images/",
    "generic/development, ARM64, system:/systemd/fedora_43_images/",
    "debian-testing/stable, X86_64, system:/systemd:/stable/Debian_Testing_images/",
    "debian-testing/stable, ARM64, system:/systemd:/stable/Debian_Testing_images/",
    "debian-testing/development, X86_64, system:/systemd/Debian_Testing_images/",
    "debian-testing/development, ARM64, system:/systemd/Debian_Testing_images/",
  })
  void aSetInstallsASignedUsrIntoSlotsAndTheKernelLast(
      String set, Architecture architecture, String repository) throws Exception {
    var loader = new DefinitionLoader(particleOs(architecture));

    var definitions = loader.load(new DefinitionPlace.Directory(SHIPPED.resolve(set)));

    assertEquals(List.of(), definitions.warnings());
    assertEquals(List.of(), definitions.disabled());
    assertEquals(
        List.of("10-usr-verity-sig", "20-usr-verity", "30-usr", "90-kernel"),
        definitions.enabled().stream().map(Transfer::id).toList());
    for (Transfer transfer : definitions.enabled()) {
      assertTrue(transfer.verify(), transfer.id());
      assertEquals(List.of("262~rc1"), transfer.protectVersions(), transfer.id());
      var source = assertInstanceOf(Source.Url.class, transfer.source());
      assertEquals(ResourceType.URL_FILE, source.type());
      assertEquals(URI.create(OBS + repository), source.base());
    }
    checkPartition(definitions.enabled().get(0), architecture, "usr-verity-sig", "_verity_sig");
    checkPartition(definitions.enabled().get(1), architecture, "usr-verity", "_verity");
    checkPartition(definitions.enabled().get(2), architecture, "usr", "");
    checkKernel(definitions.enabled().get(3), architecture);
  }

  private static void checkPartition(
      Transfer transfer, Architecture architecture, String type, String labelSuffix)
      throws Exception {
    var target = assertInstanceOf(Target.Partition.class, transfer.target());
    assertEquals(new PartitionPlace.Auto(), target.place());
    assertEquals(PartitionType.parse(type, architecture).orElseThrow(), target.partitionType());
    assertEquals(OptionalLong.of(0), target.newInstance().partitionFlags());
    assertEquals(Optional.of(true), target.newInstance().readOnly());

    String published =
        "ParticleOS_262_%s.usr-%s%s.8b8186b12b4e4eb6ad398d4d18d2a8fb.raw.zst"
            .formatted(architecture.text(), architecture.text(), type.substring("usr".length()));
    var found = transfer.source().patterns().match(published).match().orElseThrow();
    assertEquals("262", found.version().text());
    assertTrue(found.partitionUuid().isPresent());
    assertEquals("ParticleOS_262" + labelSuffix, target.patterns().first().format(found));
  }

  private static void checkKernel(Transfer transfer, Architecture architecture) throws Exception {
    var target = assertInstanceOf(Target.FileSystem.class, transfer.target());
    assertEquals(ResourceType.REGULAR_FILE, target.type());
    assertEquals(Path.of("/EFI/Linux"), target.path());
    assertEquals(Anchor.BOOT, target.anchor());
    assertEquals(OptionalLong.of(2), target.instancesMax());
    assertEquals(OptionalInt.of(0644), target.newInstance().mode());

    var published = "ParticleOS_262_" + architecture.text() + ".efi";
    var found = transfer.source().patterns().match(published).match().orElseThrow();
    var merged = target.newInstance().merge(found, Optional.empty(), false);
    assertEquals("ParticleOS_262+3-0.efi", target.patterns().first().format(merged));
    for (String installed :
        List.of("ParticleOS_262+3-0.efi", "ParticleOS_262+3.efi", "ParticleOS_262.efi")) {
      assertEquals(
          Optional.of(new Version("262")),
          target.patterns().match(installed).match().map(InstanceMetadata::version));
    }
  }

  private static HostFacts particleOs(Architecture architecture) {
    return new HostFacts(
        Optional.of(architecture),
        Optional.of(Map.of("ID", "fedora", "VERSION_ID", "43", "IMAGE_VERSION", "262~rc1")),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Path.of("/tmp"),
        Path.of("/var/tmp"));
  }
}
