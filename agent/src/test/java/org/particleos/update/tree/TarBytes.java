package org.particleos.update.tree;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;
import org.particleos.update.acquire.Bytes;

/** Writes archives byte by byte, also such as no honest program would write. */
final class TarBytes {
  private static final int BLOCK = 512;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** A header that can be changed before its checksum is made. */
  static final class Header {
    final byte[] block = new byte[BLOCK];

    Header(String name, char type) {
      put(0, name);
      mode(type == '5' ? 0755 : 0644);
      user(0);
      group(0);
      size(0);
      mtime(1_600_000_000);
      block[156] = (byte) type;
      put(257, "ustar\0" + "00");
    }

    Header put(int at, String text) {
      return put(at, text.getBytes(StandardCharsets.UTF_8));
    }

    Header put(int at, byte[] bytes) {
      System.arraycopy(bytes, 0, block, at, bytes.length);
      return this;
    }

    Header octal(int at, int length, long value) {
      return put(at, String.format("%0" + (length - 1) + "o\0", value));
    }

    Header mode(int mode) {
      return octal(100, 8, mode);
    }

    Header user(long id) {
      return octal(108, 8, id);
    }

    Header group(long id) {
      return octal(116, 8, id);
    }

    Header size(long bytes) {
      return octal(124, 12, bytes);
    }

    Header mtime(long seconds) {
      return octal(136, 12, seconds);
    }

    Header link(String target) {
      return put(157, target);
    }

    Header device(int major, int minor) {
      return octal(329, 8, major).octal(337, 8, minor);
    }

    byte[] sealed() {
      Arrays.fill(block, 148, 156, (byte) ' ');
      int sum = 0;
      for (byte b : block) {
        sum += Byte.toUnsignedInt(b);
      }
      put(148, String.format("%06o\0 ", sum));
      return block;
    }
  }

  TarBytes header(String name, char type, Consumer<Header> change) {
    var header = new Header(name, type);
    change.accept(header);
    out.writeBytes(header.sealed());
    return this;
  }

  TarBytes directory(String name) {
    return header(name, '5', _ -> {});
  }

  TarBytes file(String name, String content) {
    return file(name, content.getBytes(StandardCharsets.UTF_8), _ -> {});
  }

  TarBytes file(String name, byte[] content, Consumer<Header> change) {
    header(
        name,
        '0',
        header -> {
          header.size(content.length);
          change.accept(header);
        });
    return raw(content).pad(content.length);
  }

  TarBytes symbolicLink(String name, String target) {
    return header(name, '2', header -> header.link(target));
  }

  TarBytes hardLink(String name, String target) {
    return header(name, '1', header -> header.link(target));
  }

  /** An extended header: {@code x} for the next entry, {@code g} for all that follow. */
  TarBytes pax(char type, Object... keysAndValues) {
    var records = new ByteArrayOutputStream();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      records.writeBytes(record((String) keysAndValues[i], bytes(keysAndValues[i + 1])));
    }
    return extended(type, records.toByteArray());
  }

  TarBytes extended(char type, byte[] content) {
    header("././@Header", type, header -> header.size(content.length));
    return raw(content).pad(content.length);
  }

  private static byte[] bytes(Object value) {
    return value instanceof byte[] raw ? raw : ((String) value).getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] record(String key, byte[] value) {
    int body = key.getBytes(StandardCharsets.UTF_8).length + value.length + 3;
    int length = body + String.valueOf(body).length();
    if (String.valueOf(length).length() != String.valueOf(body).length()) {
      length = body + String.valueOf(length).length();
    }
    return Bytes.concat(
        (length + " " + key + "=").getBytes(StandardCharsets.UTF_8), value, new byte[] {'\n'});
  }

  TarBytes raw(byte[] bytes) {
    out.writeBytes(bytes);
    return this;
  }

  TarBytes pad(long length) {
    return raw(new byte[(int) ((BLOCK - length % BLOCK) % BLOCK)]);
  }

  /** Without the two empty blocks that end an archive. */
  byte[] open() {
    return out.toByteArray();
  }

  byte[] ended() {
    return Bytes.concat(open(), new byte[2 * BLOCK]);
  }
}
