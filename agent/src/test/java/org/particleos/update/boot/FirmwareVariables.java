package org.particleos.update.boot;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** Variables of a firmware, as efivarfs shows them. */
public record FirmwareVariables(Path directory) {
  private static final String X509 = "a5c059a1-94e4-4aa7-87b5-ab155c2bf072";
  private static final String SHA256 = "c1c41626-504c-4092-aca9-41f936934328";

  public FirmwareVariables secureBoot(boolean enforced) throws IOException {
    Files.write(
        directory.resolve("SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"),
        new byte[] {6, 0, 0, 0, (byte) (enforced ? 1 : 0)});
    return this;
  }

  /** The database: certificates and digests of files. */
  public FirmwareVariables db(byte[][] certificates, byte[]... digests) throws IOException {
    var out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {7, 0, 0, 0});
    for (byte[] certificate : certificates) {
      out.writeBytes(list(X509, certificate));
    }
    if (digests.length > 0) {
      out.writeBytes(list(SHA256, digests));
    }
    return raw(out.toByteArray());
  }

  public FirmwareVariables raw(byte[] db) throws IOException {
    Files.write(directory.resolve("db-d719b2cb-3d3a-4bc4-a596-a3bc00e67f6f"), db);
    return this;
  }

  private static byte[] list(String type, byte[]... entries) {
    int entryBytes = 16 + entries[0].length;
    var list = ByteBuffer.allocate(28 + entries.length * entryBytes).order(ByteOrder.LITTLE_ENDIAN);
    var guid = UUID.fromString(type);
    list.putInt((int) (guid.getMostSignificantBits() >>> 32));
    list.putShort((short) (guid.getMostSignificantBits() >>> 16));
    list.putShort((short) guid.getMostSignificantBits());
    list.putLong(Long.reverseBytes(guid.getLeastSignificantBits()));
    list.putInt(list.capacity()).putInt(0).putInt(entryBytes);
    for (byte[] entry : entries) {
      list.put(new byte[16]).put(entry);
    }
    return list.array();
  }
}
