package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.demo.DemoMachine;
import org.particleos.update.demo.Publisher;

/** Nothing happens on the word of a manifest that no trusted key stands for. */
@ExtendWith(WithMachine.class)
class UntrustedManifestIT {
  private static final int NOT_TRUSTED = 5;
  private static final String DIGEST_OF_NOTHING =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  private static final String SOME_DIGEST = "0123456789abcdef".repeat(4);

  /** Refused by check and apply, nothing touched, and the honest server works at once. */
  private static Run.Report assertRefused(TestMachine machine, String found) throws Exception {
    String table = machine.sfdisk("-d");

    Run.Report report =
        machine.run("apply").failure(NOT_TRUSTED, machine.server().uri().getAuthority(), found);

    assertEquals("nothing was changed", report.state());
    assertEquals(table, machine.sfdisk("-d"));
    machine.assertNothingNewIsBootable();
    assertFalse(
        machine.server().questions().stream()
            .anyMatch(q -> q.contains(".raw") || q.endsWith("efi")),
        "no payload was asked for");
    machine.mendServer();
    machine.assertPlainApplyInstalls();
    return report;
  }

  @Test
  void anUnsignedManifestIsRefused(TestMachine machine) throws Exception {
    Files.delete(machine.web().resolve("SHA256SUMS.gpg"));

    machine.run("check").failure(NOT_TRUSTED);
    machine.run("check-new").expect(1);
    assertRefused(machine, "");
  }

  @Test
  void anEmptySignatureIsRefused(TestMachine machine) throws Exception {
    Files.write(machine.web().resolve("SHA256SUMS.gpg"), new byte[0]);

    assertRefused(machine, "");
  }

  @Test
  void aSignatureOverAnotherManifestIsRefused(TestMachine machine) throws Exception {
    Files.writeString(
        machine.web().resolve("SHA256SUMS"), machine.manifest() + SOME_DIGEST + "  another-file\n");

    assertRefused(machine, "");
  }

  @Test
  void aSignatureByAnUnknownKeyIsRefused(TestMachine machine) throws Exception {
    try (var stranger =
        new Publisher(machine.folder().resolve("stranger"), DemoMachine.architecture())) {
      stranger.signManifest(machine.web());
    }

    assertRefused(machine, "key");
  }

  @Test
  void aMachineWithoutKeysTrustsNobody(TestMachine machine) throws Exception {
    Files.move(machine.demo().keyring(), machine.folder().resolve("keys"));

    machine.run("apply").failure(NOT_TRUSTED);

    machine.assertNothingNewIsBootable();
    Files.move(machine.folder().resolve("keys"), machine.demo().keyring());
    machine.assertPlainApplyInstalls();
  }

  @Test
  void aStaleManifestIsRefused(TestMachine machine) throws Exception {
    machine.publishManifest(DIGEST_OF_NOTHING + "  BEST-BEFORE-2020-02-29\n" + machine.manifest());

    assertRefused(machine, "BEST-BEFORE-2020-02-29");
  }

  @Test
  void aManifestBeforeItsBestBeforeDateIsGood(TestMachine machine) throws Exception {
    machine.publishManifest(DIGEST_OF_NOTHING + "  BEST-BEFORE-2099-12-31\n" + machine.manifest());

    machine.assertPlainApplyInstalls();
  }

  @Test
  void aManifestThatEndsInTheMiddleIsRefusedThoughSigned(TestMachine machine) throws Exception {
    String whole = machine.manifest();
    machine.publishManifest(whole.substring(0, whole.length() - 100));

    assertRefused(machine, "");
  }

  @Test
  void aManifestCutOffByTheServerIsRefused(TestMachine machine) throws Exception {
    Files.writeString(
        machine.web().resolve("SHA256SUMS"),
        machine.manifest().lines().findFirst().orElseThrow() + "\n");

    assertRefused(machine, "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../evil", "..", "dir/../../evil", "%2e%2e/evil", "a%b", "/etc/passwd", "a//b"})
  void aNameThatCouldLeaveTheDirectoryIsRefused(String name, TestMachine machine) throws Exception {
    machine.publishManifest(machine.manifest() + SOME_DIGEST + "  " + name + "\n");

    Run.Report report = machine.run("apply").failure(NOT_TRUSTED, "SHA256SUMS", "");

    assertEquals("nothing was changed", report.state());
    machine.assertNothingNewIsBootable();
  }

  @Test
  void aManifestOfAnotherFolderIsNoneForThisOne(TestMachine machine) throws Exception {
    Files.copy(
        machine.kernelPayload(),
        machine.web().resolve("SHA256SUMS"),
        StandardCopyOption.REPLACE_EXISTING);

    assertRefused(machine, "");
  }
}
