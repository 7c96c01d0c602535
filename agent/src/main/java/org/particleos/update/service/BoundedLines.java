package org.particleos.update.service;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** Lines of bytes, each of limited length. Whoever opened the stream closes it. */
final class BoundedLines {
  private final InputStream in;
  private final int lineBytesMax;

  BoundedLines(InputStream in, int lineBytesMax) {
    this.in = new BufferedInputStream(in);
    this.lineBytesMax = lineBytesMax;
  }

  /**
   * The next line without its end; empty after the last one.
   *
   * @throws IOException if reading fails or a line is too long
   */
  Optional<byte[]> next() throws IOException {
    var line = new ByteArrayOutputStream();
    int octet = in.read();
    if (octet < 0) {
      return Optional.empty();
    }
    while (octet >= 0 && octet != '\n') {
      if (line.size() >= lineBytesMax) {
        throw new IOException("a line has more than " + lineBytesMax + " bytes");
      }
      line.write(octet);
      octet = in.read();
    }
    return Optional.of(line.toByteArray());
  }
}
