package org.particleos.update.disk;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;

/** UUIDs as partition tables hold them: the first three groups little-endian, the rest as spelt. */
final class Guid {
  static final int BYTES = 16;

  private Guid() {}

  static UUID get(byte[] from, int at) {
    var bytes = ByteBuffer.wrap(from, at, BYTES).order(ByteOrder.LITTLE_ENDIAN);
    long high = Integer.toUnsignedLong(bytes.getInt()) << 32;
    high |= Short.toUnsignedLong(bytes.getShort()) << 16;
    high |= Short.toUnsignedLong(bytes.getShort());
    return new UUID(high, bytes.order(ByteOrder.BIG_ENDIAN).getLong());
  }

  static void put(UUID uuid, byte[] into, int at) {
    long high = uuid.getMostSignificantBits();
    ByteBuffer.wrap(into, at, BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt((int) (high >>> 32))
        .putShort((short) (high >>> 16))
        .putShort((short) high)
        .order(ByteOrder.BIG_ENDIAN)
        .putLong(uuid.getLeastSignificantBits());
  }
}
