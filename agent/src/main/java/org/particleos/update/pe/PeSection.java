package org.particleos.update.pe;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import org.particleos.update.linux.OpenFile;

/**
 * A section of a PE image.
 *
 * @param name without the padding, such as {@code .linux}; one character for each byte
 * @param address where it is loaded, relative to the image
 * @param memoryBytes its size when loaded; what the file does not have is zeroes
 * @param fileOffset where its bytes are in the file; they are inside of it
 * @param fileBytes how many bytes the file has, padding included
 */
public record PeSection(
    String name, long address, long memoryBytes, long fileOffset, long fileBytes) {

  /** How many bytes of the file are content and not padding. */
  public long contentBytes() {
    // A linker that does not pad leaves the size in memory at zero in some object formats.
    return memoryBytes == 0 ? fileBytes : Math.min(memoryBytes, fileBytes);
  }

  /**
   * Reads all of the content.
   *
   * @param file the one that the image was read from
   * @param bytesMax the most that is taken
   * @throws MalformedPeException if there is more
   */
  public byte[] content(OpenFile file, int bytesMax) throws IOException, MalformedPeException {
    if (contentBytes() > bytesMax) {
      throw new MalformedPeException(
          "has a section "
              + name
              + " of "
              + contentBytes()
              + " bytes, more than "
              + bytesMax
              + " are not taken");
    }
    return bytes(file, fileOffset, (int) contentBytes());
  }

  static byte[] bytes(OpenFile file, long offset, int length) throws IOException {
    byte[] bytes = new byte[length];
    if (length == 0) {
      return bytes;
    }
    try (var arena = Arena.ofConfined()) {
      var buffer = arena.allocate(length).asByteBuffer();
      int count = file.read(buffer, offset);
      if (count < length) {
        throw new EOFException(file.path() + " ends at byte " + (offset + count));
      }
      buffer.flip().get(bytes);
      return bytes;
    }
  }
}
