package org.particleos.update.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.Step.TargetPaths;
import org.particleos.update.version.Version;

class CountedEntryTest {
  private static final InstanceMetadata PLAIN = InstanceMetadata.of(new Version("2"));

  @TempDir Path base;

  @ParameterizedTest
  @ValueSource(strings = {"os_2+3.efi", "os_2+3-0.efi", "OS_2+0-3.EFI", "a+1+2-1.conf"})
  void aNameWithACounterIsCounted(String name) {
    assertTrue(CountedEntry.is(Path.of("/efi/EFI/Linux", name)));
  }

  @ParameterizedTest
  @CsvSource({
    "os_2+3.efi, 3, os_2.efi",
    "os_2+0-3.efi, 0, os_2.efi",
    "a+b/OS+1_2+2-1.EFI, 2, a+b/OS+1_2.EFI",
    "x+99999999999999999999-1.conf, 9223372036854775807, x.conf",
    "os_2.efi, -1, os_2.efi",
    "a+1/+1.efi, -1, a+1/+1.efi",
    "os+1.d/local.addon.efi, -1, os+1.d/local.addon.efi",
  })
  void aNameTellsItsCounterAndWhatItIsWithout(String name, long left, String without) {
    assertEquals(left, CountedEntry.triesLeft(name).orElse(-1));
    assertEquals(without, CountedEntry.withoutCounter(name));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "os_2.efi",
        "os_2+.efi",
        "os_2+3-.efi",
        "os_2+-3.efi",
        "os_2+x.efi",
        "+3.efi",
        "os_2+3.raw",
        "os_2+3",
        "os_2+git.efi"
      })
  void everyOtherNameIsNot(String name) {
    assertFalse(CountedEntry.is(Path.of("/efi/EFI/Linux", name)));
  }

  private TargetPaths entry(String name) {
    return new TargetPaths(base, base.resolve(name));
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void aCountedEntryStaysWritableWhateverWasAskedFor() throws Exception {
    var publisher = new FilePublisher(new LinuxKernel());
    var counted = entry("os_2+3-0.efi");
    Files.writeString(counted.partial(), "two");

    var warning = publisher.markPending(counted, PLAIN.withMode(0444).withReadOnly(true));
    assertTrue(warning.orElseThrow().contains("could not count the tries"), warning::toString);
    assertEquals("rw-r--r--", mode(counted.pending()));

    assertEquals(Optional.empty(), publisher.publish(counted, true));
    assertEquals("rw-r--r--", mode(counted.installed()));
    assertEquals(Optional.empty(), publisher.ensureReadOnly(counted.installed()));
    assertEquals("rw-r--r--", mode(counted.installed()));
  }

  @Test
  void anEntryThatIsNotCountedIsAsReadOnlyAsAskedFor() throws Exception {
    var publisher = new FilePublisher(new LinuxKernel());
    var plain = entry("os_2.efi");
    Files.writeString(plain.partial(), "two");

    assertEquals(Optional.empty(), publisher.markPending(plain, PLAIN.withMode(0444)));

    assertEquals("r--r--r--", mode(plain.pending()));
    assertEquals(Optional.empty(), publisher.ensureCounting(plain.installed()));
  }

  @Test
  void whatIsPendingAsReadOnlyIsWritableBeforeTheBootLoaderSeesIt() throws Exception {
    var kernel = new FatKernel(0077);
    var counted = entry("os_2+3-0.efi");
    Files.writeString(counted.pending(), "two");
    kernel.markReadOnly(counted.pending());

    var told = new FilePublisher(kernel).publish(counted, true);

    assertTrue(told.orElseThrow().contains("made it writable"), told::toString);
    assertEquals(0700, kernel.status(counted.installed()).orElseThrow().mode());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 0022, 0077, 0133})
  void aReadOnlyEntryOnFatIsMadeWritableWhateverTheMountOptions(int mask) throws Exception {
    var kernel = new FatKernel(mask);
    Path counted = Files.writeString(base.resolve("os_2+3-0.efi"), "two");
    kernel.markReadOnly(counted);
    assertTrue(CountedEntry.stopsCounting(kernel.status(counted).orElseThrow().mode()));

    var told = new FilePublisher(kernel).ensureCounting(counted);

    assertTrue(told.orElseThrow().contains("made it writable"), told::toString);
    assertFalse(CountedEntry.stopsCounting(kernel.status(counted).orElseThrow().mode()));
    assertEquals(Optional.empty(), new FilePublisher(kernel).ensureCounting(counted));
  }

  @Test
  void elsewhereOnlyTheOwnerGetsTheWriteBit() throws Exception {
    Path counted = Files.writeString(base.resolve("os_2+3-0.efi"), "two");
    Files.setPosixFilePermissions(counted, PosixFilePermissions.fromString("r--r--r--"));

    assertTrue(new FilePublisher(new LinuxKernel()).ensureCounting(counted).isPresent());

    assertEquals("rw-r--r--", mode(counted));
  }

  @Test
  void onAReadOnlyFileSystemItIsSaidAndNothingFails() throws Exception {
    var kernel =
        new DelegatingKernel(new LinuxKernel()) {
          @Override
          public void changeMode(Path path, int mode) throws IOException {
            throw new LinuxException(
                Errno.EROFS.number(), "fchmodat", path.toString(), "Read-only file system");
          }
        };
    Path counted = Files.writeString(base.resolve("os_2+3-0.efi"), "two");
    Files.setPosixFilePermissions(counted, PosixFilePermissions.fromString("r--r--r--"));

    var told = new FilePublisher(kernel).ensureCounting(counted);

    assertTrue(told.orElseThrow().contains("stays read-only"), told::toString);
  }
}
