package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.demo.DemoMachine;
import org.particleos.update.demo.Publisher;

/** Whose signatures are good: the keyrings of transfer-files.md 12.3, here below a root. */
class KeyringsIT {
  private static final String LOCAL = "etc/systemd/import-pubring.gpg";
  private static final String LOCAL_FIRST = "etc/systemd/import-pubring.pgp";
  private static final String VENDOR = "usr/lib/systemd/import-pubring.pgp";

  private static Publisher publisher;
  private static Publisher stranger;

  private SmallSystem system;

  @BeforeAll
  static void keys(@TempDir Path folder) throws Exception {
    publisher = new Publisher(folder.resolve("publisher"), DemoMachine.architecture());
    stranger = new Publisher(folder.resolve("stranger"), DemoMachine.architecture());
  }

  @AfterAll
  static void noKeys() throws Exception {
    publisher.close();
    stranger.close();
  }

  @BeforeEach
  void aSignedOffer(@TempDir Path folder) throws Exception {
    system = SmallSystem.in(folder);
    system.write(
        "usr/lib/sysupdate.d/10-a.transfer",
        SmallSystem.urlFile(system.offer().uri(), "a-@v.bin").replace("Verify=no", "Verify=yes"));
    system.offer().put("a-1.bin", "one").publish();
    publisher.signManifest(system.offer().folder());
  }

  private void keyring(Publisher owner, String name) throws Exception {
    Files.createDirectories(system.path(name).getParent());
    owner.exportKeyring(system.path(name));
  }

  private void accepted() throws Exception {
    system.run("check-new").expect(0);
  }

  private void refused() throws Exception {
    Run run = system.run("check-new").expect(1);
    assertEquals("", run.out());
  }

  @Test
  void aKeyOfTheVendorIsTrustedAndAStrangersIsNot() throws Exception {
    refused(); // without any keyring
    keyring(stranger, VENDOR);
    refused();
    keyring(publisher, VENDOR);
    accepted();
  }

  @Test
  void theAdministratorsKeysAreAddedToTheVendors() throws Exception {
    keyring(publisher, LOCAL);
    accepted();
    keyring(stranger, VENDOR);
    accepted();
    keyring(stranger, LOCAL);
    keyring(publisher, VENDOR);
    accepted();
  }

  @Test
  void oneOfTheAdministratorsTwoFilesCounts() throws Exception {
    keyring(stranger, LOCAL_FIRST);
    keyring(publisher, LOCAL);
    refused();
    keyring(publisher, LOCAL_FIRST);
    keyring(stranger, LOCAL);
    accepted();
  }

  @Test
  void aKeyringGivenByNameExcludesAllOthers(@TempDir Path folder) throws Exception {
    keyring(publisher, VENDOR);
    keyring(publisher, LOCAL);
    Path other = folder.resolve("other.pgp");
    stranger.exportKeyring(other);

    system.with("SYSTEMD_OPENPGP_KEYRING", other.toString()).run("check-new").expect(1);
    publisher.exportKeyring(other);
    system.with("SYSTEMD_OPENPGP_KEYRING", other.toString()).run("check-new").expect(0);
  }

  @Test
  void aSignatureMayHaveAnyOfFourNames() throws Exception {
    keyring(publisher, VENDOR);
    Path signature = system.offer().path("SHA256SUMS.gpg");
    for (String name :
        List.of("SHA256SUMS.sha256.asc", "SHA256SUMS.sha256.gpg", "SHA256SUMS.asc")) {
      signature = Files.move(signature, system.offer().path(name));
      accepted();
    }
    Files.write(signature, new byte[0]);
    refused();
  }

  /** 23.18: what a known key certifies may sign, even before the client has heard of it. */
  @Test
  void aNewSubkeyOfAKnownKeyIsTrustedAndOneOfAStrangerIsNot(@TempDir Path folder) throws Exception {
    try (var rotating = new Publisher(folder.resolve("web"), DemoMachine.architecture())) {
      keyring(rotating, VENDOR);
      rotating.rotateSigningKey();
      rotating.signManifestWithKeys(system.offer().folder());
      accepted();

      keyring(stranger, VENDOR);
      refused();
    }
  }
}
