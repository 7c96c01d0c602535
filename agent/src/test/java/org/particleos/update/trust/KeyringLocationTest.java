package org.particleos.update.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

class KeyringLocationTest {
  private static final String LOCAL_PGP = "etc/systemd/import-pubring.pgp";
  private static final String LOCAL_GPG = "etc/systemd/import-pubring.gpg";
  private static final String VENDOR = "usr/lib/systemd/import-pubring.pgp";
  private static final String OVERRIDE = "SYSTEMD_OPENPGP_KEYRING";

  @TempDir Path root;

  @Test
  void theLocalAndTheVendorKeyringAreCombined() throws Exception {
    put(LOCAL_PGP, VENDOR);

    assertEquals(List.of(root.resolve(LOCAL_PGP), root.resolve(VENDOR)), find(Map.of()));
  }

  @Test
  void theOlderNameCountsOnlyWithoutTheNewerOne() throws Exception {
    put(LOCAL_GPG, VENDOR);
    assertEquals(List.of(root.resolve(LOCAL_GPG), root.resolve(VENDOR)), find(Map.of()));

    put(LOCAL_PGP);
    assertEquals(List.of(root.resolve(LOCAL_PGP), root.resolve(VENDOR)), find(Map.of()));
  }

  @Test
  void theVendorKeyringAloneIsEnough() throws Exception {
    put(VENDOR);

    assertEquals(List.of(root.resolve(VENDOR)), find(Map.of()));
  }

  @Test
  void withoutAnyKeyringTheRefusalNamesAllPlaces() {
    var refusal = assertThrows(UpdateException.class, () -> find(Map.of()));

    assertInstanceOf(UpdateException.NotTrusted.class, refusal);
    assertEquals(Reason.KEYRING_MISSING, refusal.reason());
    for (var place : List.of(LOCAL_PGP, LOCAL_GPG, VENDOR)) {
      assertTrue(refusal.found().orElseThrow().contains(root.resolve(place).toString()));
    }
    assertTrue(refusal.remedy().contains(root.resolve(LOCAL_PGP).toString()));
  }

  @Test
  void theOverrideReplacesAllOthers() throws Exception {
    put(LOCAL_PGP, VENDOR, "mine.pgp");
    var mine = root.resolve("mine.pgp");

    assertEquals(List.of(mine), find(Map.of(OVERRIDE, mine.toString())));
  }

  @Test
  void anEmptyOverrideIsNone() throws Exception {
    put(VENDOR);

    assertEquals(List.of(root.resolve(VENDOR)), find(Map.of(OVERRIDE, "")));
  }

  @Test
  void anOverrideThatDoesNotExistDoesNotFallBack() throws Exception {
    put(VENDOR);
    var absent = root.resolve("absent.pgp").toString();

    var refusal = assertThrows(UpdateException.class, () -> find(Map.of(OVERRIDE, absent)));

    assertEquals(Reason.KEYRING_MISSING, refusal.reason());
  }

  @TestFactory
  Stream<DynamicTest> anOverrideThatIsNotAbsoluteAndNormalisedIsRefused() {
    return Stream.of(
            "mine.pgp", "/etc/../mine.pgp", "/etc/./mine.pgp", "//mine.pgp", "/mine/", "/a\0")
        .map(path ->
            dynamicTest(
                path.replace('\0', '?'),
                () -> {
                  var refusal =
                      assertThrows(UpdateException.class, () -> find(Map.of(OVERRIDE, path)));

                  assertInstanceOf(UpdateException.Configuration.class, refusal);
                  assertEquals(Reason.OPTION_INVALID, refusal.reason());
                }));
  }

  private List<Path> find(Map<String, String> environment) throws UpdateException {
    return new KeyringLocation(root, environment).find();
  }

  private void put(String... names) throws IOException {
    for (var name : names) {
      var file = root.resolve(name);
      Files.createDirectories(file.getParent());
      Files.createFile(file);
    }
  }
}
