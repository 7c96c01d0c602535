package org.particleos.update.pe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxKernel;

class PeImageTest {
  /** Where the headers of the usual image's sections are. */
  private static final int FIRST = PeBytes.OPTIONAL + 240;

  private static final int SECOND = FIRST + 40;

  @TempDir private Path directory;

  private static PeBytes usual() {
    return PeBytes.application().with(".osrel", "ID=particleos\n").with(".linux", "a kernel");
  }

  private PeImage read(byte[] bytes) throws IOException, MalformedPeException {
    Path path = Files.write(directory.resolve("image.efi"), bytes);
    try (var file = new LinuxKernel().open(path, Set.of(OpenFlag.READ))) {
      return PeImage.read(file);
    }
  }

  private byte[] content(byte[] bytes, String section, int bytesMax)
      throws IOException, MalformedPeException {
    Path path = Files.write(directory.resolve("image.efi"), bytes);
    try (var file = new LinuxKernel().open(path, Set.of(OpenFlag.READ))) {
      return PeImage.read(file).section(section).orElseThrow().content(file, bytesMax);
    }
  }

  @Test
  void anApplicationIsReadWithItsSections() throws Exception {
    PeImage image = read(usual().bytes());

    assertEquals(PeMachine.X64, image.machine());
    assertEquals(PeImage.EFI_APPLICATION, image.subsystem());
    assertEquals(
        List.of(".osrel", ".linux"), image.sections().stream().map(PeSection::name).toList());
    assertTrue(image.section(".cmdline").isEmpty());
  }

  @Test
  void theContentOfASectionEndsBeforeThePadding() throws Exception {
    assertArrayEquals(
        "a kernel".getBytes(StandardCharsets.UTF_8), content(usual().bytes(), ".linux", 8));
  }

  @Test
  void moreContentThanWantedIsRefused() {
    var refused =
        assertThrows(MalformedPeException.class, () -> content(usual().bytes(), ".linux", 7));

    assertTrue(refused.clause().contains("8 bytes"), refused::clause);
  }

  @Test
  void aSectionWithoutBytesInTheFileHasNoContent() throws Exception {
    var image = usual().buffer();
    image.putInt(SECOND + 16, 0).putInt(SECOND + 20, 0x7fffffff);

    assertArrayEquals(new byte[0], content(PeBytes.bytes(image), ".linux", 0));
  }

  @Test
  void aNameMayFillItsFieldAndComeTwice() throws Exception {
    PeImage image = read(PeBytes.application().with(".profile", "1").with(".profile", "2").bytes());

    assertEquals(2, image.sections().size());
    assertEquals(image.sections().getFirst(), image.section(".profile").orElseThrow());
  }

  @ParameterizedTest
  @CsvSource({
    "0x014c, false, ia32",
    "0x8664, true, x64",
    "0x01c2, false, arm",
    "0xaa64, true, aa64",
    "0x5064, true, riscv64",
    "0x6264, true, loongarch64"
  })
  void everyMachineWithFirmwareIsKnown(String number, boolean wide, String suffix)
      throws Exception {
    PeImage image = read(usual().machine(Integer.decode(number), wide).bytes());

    assertEquals(suffix, image.machine().suffix());
    assertEquals(2, image.sections().size());
  }

  static Stream<Arguments> damages() {
    return Stream.of(
        damage("no room for a DOS header", image -> image.limit(63)),
        damage("does not begin with MZ", image -> image.put(0, (byte) 'Z')),
        damage("PE header at byte 63", image -> image.putInt(60, 63)),
        damage("PE header at byte 4294967295", image -> image.putInt(60, -1)),
        damage("ends within its PE header", image -> image.limit(PeBytes.OPTIONAL - 1)),
        damage("no PE signature", image -> image.put(PeBytes.SIGNATURE, (byte) 'N')),
        damage("machine 0x01c4", image -> image.putShort(PeBytes.SIGNATURE + 4, (short) 0x1c4)),
        damage("has 0 sections", image -> image.putShort(PeBytes.SIGNATURE + 6, (short) 0)),
        damage("has 97 sections", image -> image.putShort(PeBytes.SIGNATURE + 6, (short) 97)),
        damage(
            "ends within its section table",
            image -> image.putShort(PeBytes.SIGNATURE + 6, (short) 96)),
        damage(
            "optional header of 111", image -> image.putShort(PeBytes.SIGNATURE + 20, (short) 111)),
        damage("type 0x10b", image -> image.putShort(PeBytes.OPTIONAL, (short) 0x10b)),
        damage(
            "headers have 512 bytes", image -> image.putInt(PeBytes.OPTIONAL + 60, 512).limit(511)),
        damage("headers have 407 bytes", image -> image.putInt(PeBytes.OPTIONAL + 60, 407)),
        damage("beyond the loaded image", image -> image.putInt(SECOND + 12, -1)),
        damage("beyond the loaded image", image -> image.putInt(SECOND + 8, 0x2001)),
        damage("over its headers", image -> image.putInt(FIRST + 20, 511)),
        damage("cut short", image -> image.limit(image.limit() - 1)),
        damage("cut short", image -> image.putInt(SECOND + 20, -1)),
        damage("overlap", image -> image.putInt(SECOND + 20, 1023)));
  }

  private static Arguments damage(String clause, Consumer<ByteBuffer> done) {
    return Arguments.of(clause, done);
  }

  @ParameterizedTest
  @MethodSource("damages")
  void whateverIsMalformedIsRefusedByName(String clause, Consumer<ByteBuffer> done) {
    ByteBuffer image = usual().buffer();
    done.accept(image);

    var refused = assertThrows(MalformedPeException.class, () -> read(PeBytes.bytes(image)));

    assertTrue(refused.clause().contains(clause), refused::clause);
  }

  @Test
  void noDamageLeadsToAnythingButARefusalOrBytesOfTheFile() throws Exception {
    long seed = 20260725;
    var random = new Random(seed);
    for (int round = 0; round < 5000; round++) {
      byte[] bytes = usual().bytes();
      for (int i = random.nextInt(6); i >= 0; i--) {
        bytes[random.nextInt(FIRST + 80)] = (byte) random.nextInt();
      }
      try {
        for (PeSection section : read(bytes).sections()) {
          assertTrue(
              section.fileBytes() == 0
                  || section.fileOffset() + section.fileBytes() <= bytes.length,
              "seed " + seed + ", round " + round);
        }
      } catch (MalformedPeException refused) {
        assertTrue(!refused.clause().isEmpty(), "seed " + seed + ", round " + round);
      }
    }
  }
}
