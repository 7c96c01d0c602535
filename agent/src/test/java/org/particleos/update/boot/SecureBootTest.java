package org.particleos.update.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.cms.ASigner;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.pe.PeBytes;

/** Files that osslsigncode has signed, against databases of a made-up firmware. */
class SecureBootTest {
  private static final byte[] KERNEL =
      PeBytes.application().with(".linux", "kernel".repeat(999)).with(".osrel", "ID=t").bytes();

  @TempDir Path folder;
  private Path plain;
  private FirmwareVariables variables;

  @BeforeEach
  void start() throws Exception {
    var image = java.nio.ByteBuffer.wrap(KERNEL.clone()).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    image.putInt(PeBytes.OPTIONAL + 108, 16);
    plain = Files.write(folder.resolve("plain.efi"), image.array());
    variables = new FirmwareVariables(Files.createDirectory(folder.resolve("efivars")));
  }

  private void run(String words) throws Exception {
    Process process;
    try {
      process =
          new ProcessBuilder(words.split(" +"))
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .start();
    } catch (IOException missing) {
      assumeTrue(false, "a tool is not installed: " + missing.getMessage());
      throw missing;
    }
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), printed);
  }

  private Path signed() throws Exception {
    run("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=ours -days 9 -keyout k -out c.pem");
    run("openssl x509 -in c.pem -outform der -out c.der");
    run("osslsigncode sign -h sha256 -certs c.pem -key k -in plain.efi -out signed.efi");
    return folder.resolve("signed.efi");
  }

  private static Authenticode read(Path path) throws Exception {
    try (var file = new LinuxKernel().open(path, Set.of(OpenFlag.READ))) {
      return Authenticode.read(file);
    }
  }

  private FirmwareKeys keys() throws Exception {
    return FirmwareKeys.read(variables.directory()).orElseThrow();
  }

  private byte[] ours() throws IOException {
    return Files.readAllBytes(folder.resolve("c.der"));
  }

  @Test
  void aFileSignedByAKeyOfTheFirmwareIsStarted() throws Exception {
    Path signed = signed();
    variables.db(new byte[][] {ASigner.named("theirs").certificateBytes(), ours()});

    assertEquals(Optional.of("CN=ours"), keys().accepts(read(signed)));
  }

  @Test
  void aFileSignedBySomebodyElseIsNot() throws Exception {
    Path signed = signed();
    variables.db(new byte[][] {ASigner.named("ours").certificateBytes()});

    assertEquals(Optional.empty(), keys().accepts(read(signed)));
  }

  @Test
  void aSignedFileThatWasChangedIsNot() throws Exception {
    Path signed = signed();
    variables.db(new byte[][] {ours()});
    byte[] bytes = Files.readAllBytes(signed);
    bytes[3000] ^= 1;
    Files.write(signed, bytes);

    assertEquals(Optional.empty(), keys().accepts(read(signed)));
  }

  @Test
  void theChecksumIsNoPartOfTheDigest() throws Exception {
    Path signed = signed();
    variables.db(new byte[][] {ours()});
    byte[] bytes = Files.readAllBytes(signed);
    bytes[PeBytes.OPTIONAL + 64] ^= 1;
    Files.write(signed, bytes);

    assertEquals(Optional.of("CN=ours"), keys().accepts(read(signed)));
  }

  @Test
  void aFileThatIsNotSignedIsStartedByItsDigest() throws Exception {
    var file = read(plain);
    variables.db(new byte[0][]);
    assertEquals(Optional.empty(), keys().accepts(file));

    variables.db(new byte[0][], new byte[32], HexFormat.of().parseHex(file.digest()), new byte[32]);

    assertEquals(Optional.of("its digest"), keys().accepts(file));
  }

  @Test
  void theDigestIsThatOfOtherTools() throws Exception {
    Path signed = signed();

    assertEquals(read(plain).digest(), read(signed).digest());
    assertEquals(1, read(signed).messages().size());
    assertTrue(read(signed).isOfThisFile(read(signed).messages().getFirst()));
    byte[] other = Files.readAllBytes(plain);
    other[other.length - 600] ^= 1;
    Files.write(plain, other);
    assertNotEquals(read(plain).digest(), read(signed).digest());
  }

  @Test
  void signaturesOutsideOfTheFileAreRefused() throws Exception {
    byte[] bytes = Files.readAllBytes(signed());
    Path cut = Files.write(folder.resolve("cut.efi"), Arrays.copyOf(bytes, bytes.length - 100));

    assertTrue(
        assertThrows(NotBootableException.class, () -> read(cut)).clause().contains("outside"));
  }

  @Test
  void withoutADatabaseThereIsNothingToSay() throws Exception {
    assertEquals(Optional.empty(), FirmwareKeys.read(variables.directory()));
    assertEquals(Optional.empty(), FirmwareKeys.read(folder.resolve("none")));
  }

  @Test
  void whetherSecureBootIsOnIsKnown() throws Exception {
    variables.db(new byte[0][]);
    assertFalse(keys().enforced());
    variables.secureBoot(true);
    assertTrue(keys().enforced());
    variables.secureBoot(false);
    assertFalse(keys().enforced());
  }

  @Test
  void aDamagedDatabaseIsRefused() throws Exception {
    variables.db(new byte[][] {ASigner.named("theirs").certificateBytes()});
    byte[] db =
        Files.readAllBytes(
            variables.directory().resolve("db-d719b2cb-3d3a-4bc4-a596-a3bc00e67f6f"));
    for (int length : new int[] {0, 3, 20, 31, db.length - 1}) {
      variables.raw(Arrays.copyOf(db, length));
      assertThrows(NotBootableException.class, this::keys, "cut to " + length);
    }
    byte[] endless = db.clone();
    Arrays.fill(endless, 20, 24, (byte) 0xff);
    variables.raw(endless);
    assertThrows(NotBootableException.class, this::keys);
  }
}
