package org.particleos.update.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.loader.BootLoader.Extent;
import org.particleos.update.loader.LoaderSlot.Kind;
import org.particleos.update.pe.PeBytes;
import org.particleos.update.pe.PeMachine;
import org.particleos.update.version.Version;

class BootLoaderTest {
  private static final String SYSTEMD = "EFI/systemd/systemd-bootx64.efi";
  private static final String FALLBACK = "EFI/BOOT/BOOTX64.EFI";
  private static final byte[] OLD = Loaders.systemdBoot("256.9");
  private static final byte[] NEW = Loaders.systemdBoot("257.3-1");

  @TempDir Path home;
  private Loaders machine;

  @BeforeEach
  void start() throws IOException {
    machine = new Loaders(home);
  }

  private int install(Kernel kernel, Extent extent) throws UpdateException {
    BootLoader loader = machine.loader(kernel);
    return loader.install(loader.inspect(extent), () -> {}, (_, _) -> {});
  }

  private int install(Extent extent) throws UpdateException {
    return install(new LinuxKernel(), extent);
  }

  private Verdict verdict(Kind kind, Extent extent) throws UpdateException {
    return machine.loader(new LinuxKernel()).inspect(extent).entries().stream()
        .filter(entry -> entry.slot().equals(new LoaderSlot(kind, PeMachine.X64)))
        .findFirst()
        .orElseThrow()
        .verdict();
  }

  private byte[] bytes(String path) throws IOException {
    return Files.readAllBytes(machine.esp().resolve(path));
  }

  private void assertUntouched(String path, byte[] content) throws Exception {
    install(Extent.INSTALL);
    assertArrayEquals(content, bytes(path));
  }

  @Test
  void olderLoadersAreReplacedInBothPlaces() throws Exception {
    machine.offer("systemd-bootx64.efi", NEW);
    machine.installed(SYSTEMD, OLD);
    machine.installed(FALLBACK, OLD);

    assertEquals(2, install(Extent.REFRESH));

    assertArrayEquals(NEW, bytes(SYSTEMD));
    assertArrayEquals(NEW, bytes(FALLBACK));
    assertEquals(0, install(Extent.REFRESH));
    assertEquals(
        new Verdict.Current(new Version("257.3-1")), verdict(Kind.SYSTEMD, Extent.INSTALL));
  }

  @Test
  void aNewerLoaderIsNeverReplaced() throws Exception {
    machine.offer("systemd-bootx64.efi", OLD);
    machine.installed(SYSTEMD, NEW);

    assertUntouched(SYSTEMD, NEW);

    assertEquals(
        new Verdict.Newer(new Version("257.3-1"), new Version("256.9")),
        verdict(Kind.SYSTEMD, Extent.INSTALL));
  }

  @Test
  void theSameVersionStaysEvenIfItsBytesDiffer() throws Exception {
    byte[] other =
        PeBytes.application()
            .with(".sdmagic", "#### LoaderInfo: systemd-boot 257.3-1 ####")
            .bytes();
    machine.offer("systemd-bootx64.efi", NEW);
    machine.installed(SYSTEMD, other);

    assertUntouched(SYSTEMD, other);
  }

  @Test
  void aForeignLoaderIsLeftAloneAndNamed() throws Exception {
    machine.offer("systemd-bootx64.efi", NEW);
    machine.installed(SYSTEMD, OLD);
    machine.installed(FALLBACK, Loaders.grub());

    assertUntouched(FALLBACK, Loaders.grub());

    assertArrayEquals(NEW, bytes(SYSTEMD));
    assertEquals(
        new Verdict.Foreign("has no marker of systemd-boot"),
        verdict(Kind.FALLBACK, Extent.INSTALL));
  }

  @Test
  void soIsWhateverCannotBeToldFromAForeignOne() throws Exception {
    machine.offer("systemd-bootx64.efi", NEW);
    byte[] stub =
        PeBytes.application().with(".sdmagic", "#### LoaderInfo: systemd-stub 1 ####").bytes();
    byte[] driver = Loaders.systemdBoot("1");
    driver[PeBytes.OPTIONAL + 68] = 11;
    for (byte[] content :
        List.of(
            stub,
            driver,
            new byte[0],
            Arrays.copyOf(OLD, OLD.length - 1),
            PeBytes.application()
                .machine(0xaa64, true)
                .with(".sdmagic", "#### LoaderInfo: systemd-boot 1 ####")
                .bytes(),
            PeBytes.application().with(".sdmagic", new byte[5000]).bytes())) {
      machine.installed(SYSTEMD, content);
      assertUntouched(SYSTEMD, content);
    }
  }

  @Test
  void whatIsMissingIsCreatedOnlyWhenAskedAndOnlyBelowOurOwnName() throws Exception {
    machine.offer("systemd-bootx64.efi", NEW);
    machine.offer("systemd-bootaa64.efi", NEW);

    assertEquals(0, install(Extent.REFRESH));
    assertFalse(Files.exists(machine.esp().resolve("EFI")));

    assertEquals(1, install(Extent.INSTALL));
    assertArrayEquals(NEW, bytes(SYSTEMD));
    assertFalse(Files.exists(machine.esp().resolve("EFI/BOOT")));
  }

  @Test
  void loadersOfOtherMachinesAreKeptFreshWhereTheyAre() throws Exception {
    byte[] old =
        PeBytes.application()
            .machine(0x14c, false)
            .with(".sdmagic", "#### LoaderInfo: systemd-boot 255 ####")
            .bytes();
    byte[] fresh =
        PeBytes.application()
            .machine(0x14c, false)
            .with(".sdmagic", "#### LoaderInfo: systemd-boot 257 ####")
            .bytes();
    machine.offer("systemd-bootia32.efi", fresh);
    machine.installed("EFI/systemd/systemd-bootia32.efi", old);
    machine.installed(SYSTEMD, OLD);

    assertEquals(1, install(Extent.INSTALL));

    assertArrayEquals(fresh, bytes("EFI/systemd/systemd-bootia32.efi"));
    assertEquals(
        new Verdict.NotOffered(new Version("256.9")), verdict(Kind.SYSTEMD, Extent.INSTALL));
  }

  @Test
  void theSignedLoaderIsPreferredAndABrokenOneIsNoReasonToTakeTheOther() throws Exception {
    machine.installed(SYSTEMD, OLD);
    machine.offer("systemd-bootx64.efi", NEW);
    Path signed = machine.offer("systemd-bootx64.efi.signed", new byte[10]);

    var broken = machine.loader(new LinuxKernel()).inspect(Extent.REFRESH);
    assertFalse(broken.pending());
    assertTrue(broken.refused().getFirst().contains("no room for a DOS header"));

    byte[] better = Loaders.systemdBoot("257.4");
    Files.write(signed, better);
    assertEquals(1, install(Extent.REFRESH));
    assertArrayEquals(better, bytes(SYSTEMD));
  }

  @Test
  void namesAreFoundInWhateverCaseFatHasThem() throws Exception {
    machine.offer("systemd-bootx64.efi", NEW);
    machine.installed("efi/boot/bootx64.efi", OLD);

    assertEquals(1, install(Extent.REFRESH));

    assertArrayEquals(NEW, bytes("efi/boot/bootx64.efi"));
    assertEquals(List.of("efi"), new LinuxKernel().list(machine.esp()));
  }

  @Test
  void aLinkIsRefused() throws Exception {
    machine.offer("systemd-bootx64.efi", NEW);
    Path elsewhere = Files.write(home.resolve("elsewhere.efi"), OLD);
    Files.createDirectories(machine.esp().resolve("EFI/systemd"));
    Files.createSymbolicLink(machine.esp().resolve(SYSTEMD), elsewhere);

    var refused = assertThrows(UpdateException.class, () -> install(Extent.INSTALL));

    assertEquals(Reason.BOOT_PARTITION_NOT_ACCEPTED, refused.reason());
    assertArrayEquals(OLD, Files.readAllBytes(elsewhere));
  }

  @Test
  void withoutRoomNothingIsWritten() throws Exception {
    machine.offer("systemd-bootx64.efi", NEW);
    machine.installed(SYSTEMD, OLD);
    var kernel =
        FailingKernel.recording(
            new DelegatingKernel(new LinuxKernel()) {
              @Override
              public SpaceStatus space(Path path) throws IOException {
                SpaceStatus space = super.space(path);
                return new SpaceStatus(space.magic(), 1 << 20, NEW.length, 4096, false);
              }
            });

    var refused = assertThrows(UpdateException.class, () -> install(kernel, Extent.REFRESH));

    assertEquals(Reason.FILE_SYSTEM_FULL, refused.reason());
    assertEquals("the boot loader that was there is untouched", refused.state().orElseThrow());
    assertEquals(List.of(), kernel.operations());
  }

  @Test
  void anEspThatIsReadOnlySaysSo() throws Exception {
    machine.offer("systemd-bootx64.efi", NEW);
    machine.installed(SYSTEMD, OLD);
    var kernel =
        new FailingKernel(
            new LinuxKernel(),
            0,
            () -> new LinuxException(Errno.EROFS.number(), "openat", "", "Read-only file system"));

    var failed = assertThrows(UpdateException.class, () -> install(kernel, Extent.REFRESH));

    assertEquals(Reason.READ_ONLY, failed.reason());
    assertArrayEquals(OLD, bytes(SYSTEMD));
  }

  @Test
  void anEspThatGoesWhileTheFileIsWrittenGetsNothingRenamed() throws Exception {
    machine.offer("systemd-bootx64.efi", NEW);
    machine.installed(SYSTEMD, OLD);
    BootLoader loader = machine.loader(new LinuxKernel());
    List<Integer> asked = new ArrayList<>();

    var failed =
        assertThrows(
            UpdateException.class,
            () ->
                loader.install(
                    loader.inspect(Extent.REFRESH),
                    () -> {
                      asked.add(1);
                      if (asked.size() == 2) {
                        throw UpdateException.because(Reason.BOOT_PARTITION_LOST, "it went")
                            .writeFailed();
                      }
                    },
                    (_, _) -> {}));

    assertEquals(Reason.BOOT_PARTITION_LOST, failed.reason());
    assertArrayEquals(OLD, bytes(SYSTEMD));
    assertEquals(
        List.of("systemd-bootx64.efi"),
        new LinuxKernel().list(machine.esp().resolve("EFI/systemd")));
  }

  /** At every change that is asked of the kernel the machine stops, and nothing cleans up. */
  @TestFactory
  Stream<DynamicTest> losingPowerAtAnyPointLeavesWholeLoadersAndTheNextRunFinishes()
      throws Exception {
    var rehearsal = FailingKernel.recording(new LinuxKernel());
    prepare();
    install(rehearsal, Extent.REFRESH);
    assertTrue(rehearsal.operations().size() > 10);

    return IntStream.range(0, rehearsal.operations().size())
        .mapToObj(step ->
            DynamicTest.dynamicTest(
                "stopped before change " + step,
                () -> {
                  prepare();
                  var kernel =
                      new FailingKernel(
                          new LinuxKernel(), step, () -> new IOException("the power went"));

                  assertThrows(UpdateException.class, () -> install(kernel, Extent.REFRESH));

                  for (String path : List.of(SYSTEMD, FALLBACK)) {
                    byte[] there = bytes(path);
                    assertTrue(
                        Arrays.equals(OLD, there) || Arrays.equals(NEW, there),
                        path + " is neither the old nor the new one");
                  }

                  install(Extent.REFRESH);
                  assertArrayEquals(NEW, bytes(SYSTEMD));
                  assertArrayEquals(NEW, bytes(FALLBACK));
                  assertEquals(
                      List.of("systemd-bootx64.efi"),
                      new LinuxKernel().list(machine.esp().resolve("EFI/systemd")));
                  assertEquals(
                      List.of("BOOTX64.EFI"),
                      new LinuxKernel().list(machine.esp().resolve("EFI/BOOT")));
                }));
  }

  private void prepare() throws IOException {
    machine.offer("systemd-bootx64.efi", NEW);
    machine.installed(SYSTEMD, OLD);
    machine.installed(FALLBACK, OLD);
  }

  @Test
  void theSecondPlaceIsNotTouchedBeforeTheFirstIsOnTheDevice() throws Exception {
    prepare();
    var kernel = FailingKernel.recording(new LinuxKernel());

    install(kernel, Extent.REFRESH);

    List<String> names = kernel.operations().stream().map(FailingKernel.Operation::name).toList();
    assertEquals(
        List.of(
            "open",
            "write",
            "sync",
            "rename",
            "syncFileSystem",
            "syncDirectory",
            "checkpointJournal"),
        names.subList(0, 7));
    assertEquals(names.subList(0, 7), names.subList(7, 14));
  }

  @Test
  void aFileFromElsewhereIsJudgedByWhatItIs() throws Exception {
    machine.installed(SYSTEMD, OLD);
    Path brought = Files.write(home.resolve("brought"), NEW);
    BootLoader loader = machine.loader(new LinuxKernel());

    assertEquals(
        1, loader.install(loader.inspect(brought, Extent.REFRESH), () -> {}, (_, _) -> {}));
    assertArrayEquals(NEW, bytes(SYSTEMD));

    Files.write(brought, Loaders.grub());
    var refused =
        assertThrows(UpdateException.class, () -> loader.inspect(brought, Extent.REFRESH));
    assertEquals(Reason.BOOT_LOADER_INVALID, refused.reason());
  }

  @Test
  void withoutAnEspItIsSaidWhereOneWasLookedFor() throws Exception {
    var loader =
        BootLoader.of(
            new LinuxKernel(), home.resolve("root"), Map.of(), Optional.of(PeMachine.X64));

    var refused = assertThrows(UpdateException.class, () -> loader.inspect(Extent.REFRESH));

    assertEquals(Reason.BOOT_PARTITION_NOT_FOUND, refused.reason());
  }
}
