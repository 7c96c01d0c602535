package org.particleos.update.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.particleos.update.failure.Quote;

/** Names of sockets of the Unix family as the kernel takes them (unix(7)). */
final class UnixAddress {
  static final int AF_UNIX = 1;

  /** {@code sun_path} has 108 bytes; a path needs one of them for its NUL. */
  private static final int NAME_BYTES_MAX = 107;

  private UnixAddress() {}

  /**
   * {@code struct sockaddr_un}, exactly as long as the name needs.
   *
   * @param name an absolute path, or an abstract name after {@code @}
   */
  static byte[] of(String name) throws IOException {
    boolean abstractName = name.startsWith("@");
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    boolean usable =
        (abstractName || name.startsWith("/"))
            && bytes.length > 1
            && bytes.length <= NAME_BYTES_MAX
            && name.indexOf('\0') < 0;
    if (!usable) {
      throw new IOException(
          Quote.quote(name)
              + " is no Unix socket address: neither an absolute path nor an abstract name of at"
              + " most "
              + NAME_BYTES_MAX
              + " bytes");
    }
    if (abstractName) {
      bytes[0] = 0;
    }
    int terminator = abstractName ? 0 : 1;
    return ByteBuffer.allocate(Short.BYTES + bytes.length + terminator)
        .order(ByteOrder.nativeOrder())
        .putShort((short) AF_UNIX)
        .put(bytes)
        .array();
  }
}
