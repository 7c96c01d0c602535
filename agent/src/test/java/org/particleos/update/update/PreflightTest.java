package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.catalog.Stage;
import org.particleos.update.cms.ASigner;
import org.particleos.update.definition.Checks;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pe.PeBytes;
import org.particleos.update.update.Laboratory.Part;
import org.particleos.update.update.Updater.Goal;

/** Nothing of a version becomes visible whose parts do not belong together. */
class PreflightTest {
  private static final Release V1 = Release.of("1");
  private static final Release V2 = Release.of("2");
  private static final Release OTHER = Release.rebuilt("2");
  private static final Release V3 = Release.of("3");

  @TempDir Path home;
  private ReleaseServer server;
  private Laboratory machine;

  @BeforeEach
  void start() throws IOException {
    server = new ReleaseServer();
    machine = new Laboratory(home, server).holding(V1, 0);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** Version 2 waits for its installation. */
  private Laboratory waiting(Release release) throws IOException {
    for (Part part : Part.values()) {
      machine.holding(part, 1, release, Stage.PENDING);
    }
    return machine.espFile(".sysupdate.pending.os_2+3-0.efi", release.uki()).build();
  }

  private <T extends UpdateException> T refused(Class<T> kind, Reason reason) throws Exception {
    Judge before = Judge.of(machine);
    T refused = assertThrows(kind, machine::apply);
    assertEquals(reason, refused.reason(), refused.getMessage());
    assertEquals(
        Optional.of("nothing of version 2 became visible; what runs stays as it was"),
        refused.state());
    Judge after = Judge.of(machine);
    after.assertWhole(V1);
    after.assertSlotsUntouchedSince(before, 0);
    assertEquals(List.of("os_1.efi"), after.entries());
    return refused;
  }

  private void assertPlainApplyCompletes(Release release) throws Exception {
    assertInstanceOf(Outcome.Installed.class, machine.apply());
    Judge after = Judge.of(machine);
    after.assertWhole(V1);
    after.assertWhole(release);
    assertEquals(List.of(), after.hidden());
  }

  private static void says(UpdateException refused, String... texts) {
    String all = refused.getMessage() + " | " + refused.found().orElse("");
    for (String text : texts) {
      assertTrue(all.contains(text), () -> all + " lacks " + text);
    }
  }

  // ---- Good ----

  @Test
  void aVersionWhosePartsBelongTogetherIsInstalled() throws Exception {
    server.publish(V2);
    machine.build();

    assertPlainApplyCompletes(V2);
  }

  @Test
  void whoSignedTheRootHashIsTold() throws Exception {
    server.publish(V2);
    machine.build();
    machine.apply();

    var signed =
        machine.events().stream()
            .filter(UpdateEvent.RootHashSigned.class::isInstance)
            .map(UpdateEvent.RootHashSigned.class::cast)
            .findFirst()
            .orElseThrow();
    assertEquals("30-signature", signed.transferId());
    assertEquals(V2.root(), signed.root());
    assertEquals(Optional.of(Release.PUBLISHER.certificate().fingerprint()), signed.fingerprint());
    assertTrue(signed.certificate().contains("publisher of tests"), signed::toString);
  }

  @Test
  void theDataIsReadBackBeforeTheFirstPartIsPublished() throws Exception {
    server.publish(V2);
    machine.build();
    machine.apply();

    List<UpdateEvent> events = machine.events();
    OptionalInt read = first(events, UpdateEvent.VerificationFinished.class);
    OptionalInt published = first(events, UpdateEvent.MemberInstalled.class);
    assertTrue(read.getAsInt() < published.getAsInt());
  }

  private static OptionalInt first(List<UpdateEvent> events, Class<?> kind) {
    return java.util.stream.IntStream.range(0, events.size())
        .filter(index -> kind.isInstance(events.get(index)))
        .findFirst();
  }

  @Test
  void whatIsInPlaceAlreadyIsNotReadAgain() throws Exception {
    server.publish(V2);
    machine.holding(V2, 1).build();
    Files.delete(machine.esp().resolve("EFI/Linux/os_2.efi"));

    assertPlainApplyCompletes(V2);

    assertEquals(
        OptionalInt.empty(), first(machine.events(), UpdateEvent.VerificationStarted.class));
  }

  // ---- Parts of two builds ----

  @Test
  void aSignatureOfAnotherBuildIsRefusedAndFetchedAgain() throws Exception {
    server.publish(V2.withSignature(OTHER.signature()));
    machine.build();

    var refused = refused(UpdateException.Unfit.class, Reason.PARTS_MIXED);

    says(refused, "\"30-signature\" does not fit", OTHER.root().hex(), V2.root().hex());
    server.publish(V2);
    assertPlainApplyCompletes(V2);
    assertEquals(V2.signatureName(), server.fetched().getLast());
  }

  @Test
  void aHashTreeOfAnotherBuildIsRefusedAndFetchedAgain() throws Exception {
    server.publish(V2.withVerity(OTHER.verity()));
    machine.build();

    says(
        refused(UpdateException.Unfit.class, Reason.PARTS_MIXED),
        "\"20-verity\" does not fit",
        OTHER.root().hex(),
        V2.root().hex());

    server.publish(V2);
    assertPlainApplyCompletes(V2);
  }

  @Test
  void dataOfAnotherBuildIsRefusedAndFetchedAgain() throws Exception {
    server.publish(V2.withUsr(OTHER.usr()));
    machine.build();

    says(
        refused(UpdateException.Unfit.class, Reason.PARTS_MIXED),
        "\"10-usr\" does not fit the hash tree",
        "36 of 36 blocks");

    server.publish(V2);
    assertPlainApplyCompletes(V2);
  }

  @Test
  void aNewerVersionReplacesOneThatWasRefused() throws Exception {
    server.publish(V2.withSignature(OTHER.signature()));
    machine.build();
    refused(UpdateException.Unfit.class, Reason.PARTS_MIXED);

    server.publish(V3);

    assertPlainApplyCompletes(V3);
  }

  // ---- Kernel files ----

  private UpdateException.Unfit refusedUki(byte[] uki, Reason reason) throws Exception {
    server.publish(V2.withUki(uki));
    machine.build();
    return refused(UpdateException.Unfit.class, reason);
  }

  @Test
  void aKernelFileOfAnotherBuildIsRefusedAndFetchedAgain() throws Exception {
    says(
        refusedUki(OTHER.uki(), Reason.PARTS_MIXED),
        "\"90-uki\" does not fit the other parts",
        "\"90-uki\": its command line asks for usrhash " + OTHER.root(),
        "\"20-verity\": its hash tree leads to root hash " + V2.root());

    server.publish(V2);
    assertPlainApplyCompletes(V2);
  }

  @Test
  void slotsOfAnotherBuildThanTheKernelFileAreRefused() throws Exception {
    server.publish(OTHER.withUki(V2.uki()).withSignature(V2.signature()));
    machine.build();

    var refused = refused(UpdateException.Unfit.class, Reason.PARTS_MIXED);

    says(refused, V2.root().hex(), OTHER.root().hex(), "do not fit the other parts");
  }

  @Test
  void aKernelFileThatIsNoneIsRefusedAndFetchedAgain() throws Exception {
    says(
        refusedUki(
            "<html>not found</html>".repeat(9).getBytes(StandardCharsets.US_ASCII),
            Reason.BOOT_FILE_UNUSABLE),
        "\"90-uki\" is nothing that firmware could start",
        "does not begin with MZ");

    server.publish(V2);
    assertPlainApplyCompletes(V2);
  }

  @Test
  void aKernelFileThatIsCutShortIsRefused() throws Exception {
    says(
        refusedUki(java.util.Arrays.copyOf(V2.uki(), 20_000), Reason.BOOT_FILE_UNUSABLE),
        "it is cut short");
  }

  @Test
  void theReferenceTakesAnyBootFileWithAWarning() throws Exception {
    server.publish(V2.withUki(Release.noise("2", 4, 1000)));
    machine.checking(Checks.defaults().withAnyBootFile(true)).build();

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    assertTrue(
        machine.events().stream()
            .anyMatch(event ->
                event instanceof UpdateEvent.Warning(var text)
                    && text.contains("nothing that firmware could start")));
  }

  @Test
  void aKernelFileForAnotherArchitectureThanTheSlotsIsRefused() throws Exception {
    says(
        refusedUki(
            Release.kernel("2", "usrhash=" + V2.root(), 1000).machine(0xaa64, true).bytes(),
            Reason.ARCHITECTURE_WRONG),
        "is for aa64, expected is x64");
  }

  @Test
  void aKernelFileThatNoBootMenuShowsIsRefused() throws Exception {
    says(
        refusedUki(
            PeBytes.application().with(".linux", "kernel").bytes(), Reason.BOOT_FILE_UNUSABLE),
        "no section .osrel");
  }

  @Test
  void aRootHashThatIsNoneIsRefused() throws Exception {
    says(
        refusedUki(Release.kernel("2", "usrhash=12345", 1000).bytes(), Reason.BOOT_FILE_UNUSABLE),
        "usrhash=\"12345\"");
  }

  @Test
  void aKernelFileWithoutARootHashLeavesItToTheUuids() throws Exception {
    var release = V2.withUki(Release.kernel("2", "quiet", 1000).bytes());
    server.publish(release);
    machine.build();

    assertPlainApplyCompletes(release);
  }

  @Test
  void anotherVersionInTheKernelFileIsWarnedOf() throws Exception {
    var release = V2.withUki(Release.uki("2.1", V2.root()));
    server.publish(release);
    machine.build();

    assertPlainApplyCompletes(release);

    assertTrue(
        machine.events().stream()
            .anyMatch(event ->
                event instanceof UpdateEvent.Warning(var text) && text.contains("\"2.1\", not 2")));
  }

  @Test
  void slotsThatNobodyWouldFindByTheRootHashAreRefused() throws Exception {
    var elsewhere =
        new Release(
            "2", V2.usr(), V2.verity(), V2.signature(), V2.uki(), new UUID(1, 2), new UUID(3, 4));
    server.publish(elsewhere);
    machine.build();

    says(
        refused(UpdateException.Unfit.class, Reason.PARTS_MIXED),
        "\"10-usr\" and \"20-verity\" do not fit the other parts",
        "00000000-0000-0001-0000-000000000002");
  }

  @Test
  void slotsThatTheKernelFileNamesNeedNoUuids() throws Exception {
    String line = "usrhash=" + V2.root() + " \"systemd.verity_usr_data=PARTLABEL=os 2\"";
    var elsewhere =
        new Release(
            "2",
            V2.usr(),
            V2.verity(),
            V2.signature(),
            Release.kernel("2", line, 1000).bytes(),
            new UUID(1, 2),
            new UUID(3, 4));
    server.publish(elsewhere);
    machine.build();

    assertInstanceOf(Outcome.Installed.class, machine.apply());
  }

  // ---- Add-ons and boot loaders ----

  private void alsoOffering(String name, byte[] content, String target) throws IOException {
    server.publish(V2);
    server.publish(name, content);
    machine.definition(
        "80-more",
        """
        [Source]
        Type=url-file
        Path=%s
        MatchPattern=more_@v.bin
        [Target]
        Type=regular-file
        Path=/EFI
        PathRelativeTo=esp
        MatchPattern=%s
        """
            .formatted(server.url(), target));
    machine.build();
  }

  private static byte[] addOn(String... more) {
    var image = PeBytes.application().with(".cmdline", "quiet\0");
    for (int i = 0; i < more.length; i += 2) {
      image = image.with(more[i], more[i + 1]);
    }
    return image.bytes();
  }

  @Test
  void anAddOnOfTheKernelFileIsInstalledWithIt() throws Exception {
    alsoOffering("more_2.bin", addOn(".uname", "6.12.2"), "Linux/os_@v.efi.extra.d/more.addon.efi");

    assertInstanceOf(Outcome.Installed.class, machine.apply());
  }

  @Test
  void anAddOnThatNamesAnotherRootHashIsRefused() throws Exception {
    byte[] image = PeBytes.application().with(".cmdline", "usrhash=" + OTHER.root()).bytes();
    alsoOffering("more_2.bin", image, "Linux/os_@v.efi.extra.d/more.addon.efi");

    says(
        refused(UpdateException.Unfit.class, Reason.PARTS_MIXED),
        "\"80-more\" does not fit the other parts");
  }

  @Test
  void anAddOnOfAnotherKernelFileIsRefused() throws Exception {
    alsoOffering("more_2.bin", addOn(), "Linux/other_@v.efi.extra.d/more.addon.efi");

    says(
        refused(UpdateException.Unfit.class, Reason.PARTS_MIXED),
        "\"80-more\" does not fit the kernel file",
        "belongs to \"other_2.efi\"");
  }

  @Test
  void anAddOnForAnotherKernelIsRefused() throws Exception {
    alsoOffering("more_2.bin", addOn(".uname", "6.1.0"), "Linux/os_@v.efi.extra.d/more.addon.efi");

    says(
        refused(UpdateException.Unfit.class, Reason.PARTS_MIXED),
        "is for kernel \"6.1.0\", not \"6.12.2\"");
  }

  @Test
  void anAddOnThatAddsNothingIsRefused() throws Exception {
    alsoOffering(
        "more_2.bin",
        PeBytes.application().with(".text", "code").bytes(),
        "Linux/os_@v.efi.extra.d/more.addon.efi");

    says(refused(UpdateException.Unfit.class, Reason.PARTS_MIXED), "adds nothing to a kernel");
  }

  @Test
  void aBootLoaderNeedsNoKernelAndMayBeForTheMachineItsNameTells() throws Exception {
    byte[] loader =
        PeBytes.application().machine(0x14c, false).with(".sdmagic", "#### LoaderInfo").bytes();
    alsoOffering("more_2.bin", loader, "BOOT/@v/bootia32.efi");

    assertInstanceOf(Outcome.Installed.class, machine.apply());
  }

  @Test
  void aBootLoaderForAnotherArchitectureIsRefused() throws Exception {
    byte[] loader =
        PeBytes.application().machine(0xaa64, true).with(".sdmagic", "#### LoaderInfo").bytes();
    alsoOffering("more_2.bin", loader, "BOOT/@v/bootx64.efi");

    says(
        refused(UpdateException.Unfit.class, Reason.ARCHITECTURE_WRONG),
        "is for aa64, expected is x64");
  }

  @Test
  void whatIsNotNamedAsABootFileIsNoMatter() throws Exception {
    alsoOffering("more_2.bin", new byte[] {'R', 1}, "loader_@v.conf");

    assertInstanceOf(Outcome.Installed.class, machine.apply());
  }

  // ---- What the disk lost ----

  @ParameterizedTest
  @EnumSource(
      value = Part.class,
      names = {"USR", "VERITY"})
  void whatTheDiskLostIsFoundAndFetchedAgain(Part part) throws Exception {
    server.publish(V2);
    waiting(V2);
    byte[] disk = Files.readAllBytes(machine.disk());
    disk[part.offset(1) + 5000] ^= 1;
    Files.write(machine.disk(), disk);

    if (part == Part.USR) {
      var refused = refused(UpdateException.WriteFailed.class, Reason.READ_BACK_MISMATCH);
      says(refused, "1 of 36 blocks that are not what was published");
      assertTrue(refused.remedy().contains("fetches \"10-usr\" anew"), refused::remedy);
    } else {
      says(
          refused(UpdateException.Unfit.class, Reason.PARTS_MIXED),
          "\"20-verity\" does not fit the other parts");
    }

    assertPlainApplyCompletes(V2);
  }

  @Test
  void withoutReadBackTheDataIsNotLookedAt() throws Exception {
    waiting(V2.withUsr(OTHER.usr())).checking(Checks.defaults().withReadBack(false));

    assertInstanceOf(Outcome.Installed.class, machine.apply());
  }

  @Test
  void offlineWhatWasDisownedIsMissing() throws Exception {
    waiting(V2.withSignature(OTHER.signature()));

    assertThrows(
        UpdateException.Unfit.class,
        () -> machine.apply(new UnhurriedKernel(), Optional.empty(), Goal.INSTALL_OFFLINE));
    var refused =
        assertThrows(
            UpdateException.NotAvailable.class,
            () -> machine.apply(new UnhurriedKernel(), Optional.of("2"), Goal.INSTALL_OFFLINE));

    assertEquals(Reason.VERSION_INCOMPLETE, refused.reason());
  }

  // ---- Signatures ----

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense",
        "{}",
        "{\"rootHash\":\"ROOT\"}",
        "{\"rootHash\":\"ROOT\",\"signature\":\"*\"}",
        "{\"rootHash\":\"ROOT\",\"signature\":\"AAAA\"}"
      })
  void whatIsNoSignatureIsRefused(String text) throws Exception {
    server.publish(
        V2.withSignature(
            text.replace("ROOT", V2.root().hex()).getBytes(StandardCharsets.US_ASCII)));
    machine.build();

    says(
        refused(UpdateException.Unfit.class, Reason.ROOT_HASH_SIGNATURE_INVALID),
        "\"30-signature\" is no signature of a root hash");

    server.publish(V2);
    assertPlainApplyCompletes(V2);
  }

  private Path installedCertificate(ASigner signer) throws IOException {
    Path folder = Files.createDirectories(home.resolve("root/etc/verity.d"));
    return Files.write(folder.resolve("publisher.crt"), signer.certificateBytes());
  }

  @Test
  void aSignatureIsComparedWhereTheCertificateIsInstalled() throws Exception {
    installedCertificate(Release.PUBLISHER);
    var signatures = RootHashSignatures.of(home.resolve("root"));

    assertTrue(signatures.read(V2.signature()).compared());
    assertEquals("CN=publisher of tests", signatures.read(V2.signature()).certificate());
  }

  @Test
  void withoutTheCertificateOnlyItsNameIsKnown() throws Exception {
    installedCertificate(ASigner.named("somebody else"));

    var read = RootHashSignatures.of(home.resolve("root")).read(V2.signature());

    assertEquals(false, read.compared());
    assertEquals("number 7 of CN=publisher of tests", read.certificate());
    assertEquals(Optional.of(Release.PUBLISHER.certificate().fingerprint()), read.fingerprint());
  }

  @Test
  void aSignatureOfAnotherRootHashIsRefusedWhereTheCertificateIsInstalled() throws Exception {
    installedCertificate(Release.PUBLISHER);
    String renamed =
        new String(V2.signature(), StandardCharsets.ISO_8859_1)
            .replace(V2.root().hex(), OTHER.root().hex());
    var signatures = RootHashSignatures.of(home.resolve("root"));

    assertThrows(
        RootHashSignature.WrongSignatureException.class,
        () -> signatures.read(renamed.getBytes(StandardCharsets.ISO_8859_1)));
  }
}
