package org.particleos.update.tree;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.UpdateException;

class PosixAclTest {
  @TempDir private Path etc;

  @BeforeEach
  void accounts() throws Exception {
    Files.writeString(etc.resolve("passwd"), "root:x:0:0\nlennart:x:1000:100:x:/:/\nodd:x:y:\n");
    Files.writeString(etc.resolve("group"), "wheel:x:10:\n");
  }

  private Optional<String> hex(String text) throws UpdateException {
    return PosixAcl.parse("x", text.getBytes(StandardCharsets.UTF_8), new Accounts(etc))
        .map(HexFormat.of()::formatHex);
  }

  @Test
  void aListBecomesWhatTheKernelKeeps() throws Exception {
    assertEquals(
        Optional.of(
            "02000000"
                + "01000700ffffffff"
                + "02000400e8030000"
                + "0200050039300000"
                + "04000500ffffffff"
                + "080006000a000000"
                + "10000700ffffffff"
                + "20000000ffffffff"),
        hex(
            "other::---,user::rwx,user:12345:r-x\ngroup::r-x #effective:r--\n\ng:wheel:rw-,"
                + "mask::rwx,u:lennart:r--"));
  }

  @Test
  void theNumberOfAFourthPartIsPreferred() throws Exception {
    assertEquals(hex("user::r--,user:7:rwx"), hex("user::r--,user:lennart:rwx:7"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"user:nobody knows:r--", "group:lennart:r--", "user:odd:r--"})
  void aListForSomebodyUnknownIsNoList(String text) throws Exception {
    assertEquals(Optional.empty(), hex("user::rwx," + text + ",other::---"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"user", "user:x", "nobody::rwx", "user::rwz", "::"})
  void aMalformedListIsRefused(String text) {
    assertThrows(UpdateException.NotTrusted.class, () -> hex(text));
  }
}
