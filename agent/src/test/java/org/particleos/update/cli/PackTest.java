package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What publishers do. */
class PackTest {
  @TempDir Path folder;
  private Path image;
  private Path packed;
  private byte[] content;

  @BeforeEach
  void make() throws IOException {
    content = new byte[1_000_000];
    new Random(20261122).nextBytes(content);
    image = Files.write(folder.resolve("os.raw"), content);
    packed = folder.resolve("os.raw.zst");
  }

  private CapturedRun run(String... arguments) {
    return CapturedRun.of(folder, arguments);
  }

  private void assertRefused(int status, String says, String... arguments) {
    CapturedRun refused = run(arguments);
    assertEquals(status, refused.status(), refused::toString);
    assertTrue(refused.err().contains(says), refused::toString);
  }

  @Test
  void aPackedImageIsGoodAndTheLineForTheManifestIsRight() throws Exception {
    CapturedRun pack = run("pack", image.toString());

    assertEquals(0, pack.status(), pack::toString);
    String digest =
        HexFormat.of()
            .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(packed)));
    assertEquals(digest + "  os.raw.zst\n", pack.out());
    CapturedRun check = run("pack", "--check", packed.toString(), image.toString());
    assertEquals(0, check.status(), check::toString);
    assertEquals(pack.out(), check.out());
    assertTrue(check.err().contains("in 8 frames"), check::toString);
  }

  @Test
  void theToolZstdUnpacksIt() throws Exception {
    run("pack", image.toString(), "--frame-size=64K", "--level=1");
    Process zstd;
    try {
      zstd = new ProcessBuilder("zstd", "-q", "-d", "-c", packed.toString()).start();
    } catch (IOException missing) {
      assumeTrue(false, "zstd is not installed: " + missing.getMessage());
      throw missing;
    }

    assertArrayEquals(content, zstd.getInputStream().readAllBytes());
    assertEquals(0, zstd.waitFor());
  }

  @Test
  void anotherRunGivesTheSameBytes() throws Exception {
    run("pack", image.toString());
    byte[] first = Files.readAllBytes(packed);

    run("pack", image.toString(), "-o", packed.toString(), "--force");

    assertArrayEquals(first, Files.readAllBytes(packed));
  }

  @Test
  void aFileThatIsThereIsNotReplacedUnlessForced() throws Exception {
    Files.writeString(packed, "mine");

    assertRefused(6, "it is there already", "pack", image.toString());
    assertEquals("mine", Files.readString(packed));
    assertEquals(0, run("pack", image.toString(), "--force").status());
    assertTrue(Files.size(packed) > 1000);
  }

  @Test
  void damageAndOtherImagesAreFound() throws Exception {
    run("pack", image.toString());
    Path other = Files.write(folder.resolve("other.raw"), new byte[content.length]);
    assertRefused(13, "not unpack to the image", "pack", "--check", packed + "", other + "");
    assertRefused(13, "no seek table", "pack", "--check", image.toString());

    byte[] bytes = Files.readAllBytes(packed);
    bytes[5000] ^= 1;
    Files.write(packed, bytes);

    assertRefused(13, "frame 0", "pack", "--check", packed.toString());
  }

  @Test
  void commandLinesThatMakeNoSenseAreRefused() {
    assertRefused(6, "--frame-size=5000", "pack", image + "", "--frame-size=5000");
    assertRefused(6, "a multiple of 4096", "pack", image + "", "--frame-size=20000");
    assertRefused(6, "--level=23", "pack", image + "", "--level=23");
    assertRefused(6, "one IMAGE", "pack", image + "", image + "");
    assertRefused(6, "nothing but files", "pack", "--check", image + "", "--level=3");
    assertRefused(2, "Missing required parameter", "pack");
    assertRefused(9, "nothing was written", "pack", folder.resolve("missing").toString());
    assertFalse(Files.exists(packed));
  }

  @Test
  void whatCannotBePackedLeavesNothingBehind() throws Exception {
    Path empty = Files.createFile(folder.resolve("empty"));

    assertRefused(6, "it has 0 bytes", "pack", empty.toString());
    assertRefused(9, "writing", "pack", image.toString(), "-o", folder + "/no/such/place");
    try (var files = Files.list(folder)) {
      assertEquals(2, files.filter(file -> !Files.isDirectory(file)).count());
    }
  }
}
