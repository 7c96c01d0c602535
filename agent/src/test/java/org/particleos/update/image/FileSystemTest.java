package org.particleos.update.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.image.FileSystem.Content;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxKernel;

class FileSystemTest {
  @TempDir private Path directory;

  private static Content look(Path file, long start) throws Exception {
    try (var open = new LinuxKernel().open(file, Set.of(OpenFlag.READ))) {
      return FileSystem.at(open, start, Files.size(file) - start);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BTRFS", "EROFS", "EXT4", "VFAT"})
  void whatToolsMakeIsRecognised(FileSystem fileSystem) throws Exception {
    Path image = ADiskImage.fileSystem(directory, fileSystem.text(), "file");

    assertEquals(new Content.Mountable(fileSystem), look(image, 0));
  }

  @ParameterizedTest
  @ValueSource(strings = {"luks", "swap"})
  void whatCannotBeMountedIsToldApart(String type) throws Exception {
    assertInstanceOf(Content.Foreign.class, look(ADiskImage.fileSystem(directory, type), 0));
  }

  @ParameterizedTest
  @CsvSource({"XFS, XFSB", "SQUASHFS, hsqs"})
  void magicAtTheBeginningCountsFromTheStartOfThePartition(FileSystem fileSystem, String magic)
      throws Exception {
    byte[] bytes = new byte[1 << 20];
    System.arraycopy(magic.getBytes(StandardCharsets.US_ASCII), 0, bytes, 4096, 4);
    Path image = Files.write(directory.resolve("image"), bytes);

    assertEquals(new Content.Mountable(fileSystem), look(image, 4096));
    assertEquals(new Content.Unknown(), look(image, 0));
  }

  @Test
  void theMagicOfFlashFileSystemsIsKnownForPolicies() throws Exception {
    var bytes = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(1024, 0xf2f52010);
    Path image = Files.write(directory.resolve("image"), bytes.array());

    assertEquals(new Content.Mountable(FileSystem.F2FS), look(image, 0));
  }

  @Test
  void aBootSectorAloneIsNoFatFileSystem() throws Exception {
    byte[] bytes = new byte[4096];
    bytes[510] = 0x55;
    bytes[511] = (byte) 0xaa;
    Path image = Files.write(directory.resolve("image"), bytes);

    assertEquals(new Content.Unknown(), look(image, 0));
  }

  @Test
  void aTinyPartitionIsLookedAtWithoutReadingBeyondIt() throws Exception {
    Path image = directory.resolve("image");
    byte[] bytes = new byte[1 << 20];
    byte[] magic = "_BHRfS_M".getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(magic, 0, bytes, 65536 + 64, magic.length);
    Files.write(image, bytes);

    try (var open = new LinuxKernel().open(image, Set.of(OpenFlag.READ))) {
      assertEquals(new Content.Unknown(), FileSystem.at(open, 0, 512));
    }
  }
}
