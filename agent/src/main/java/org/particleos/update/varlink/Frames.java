package org.particleos.update.varlink;

import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;

/** Messages out of a stream of bytes: each ends with NUL. */
final class Frames {
  private final int messageBytesMax;
  private final Queue<byte[]> whole = new ArrayDeque<>();
  private final ByteArrayOutputStream begun = new ByteArrayOutputStream();

  Frames(int messageBytesMax) {
    this.messageBytesMax = messageBytesMax;
  }

  /**
   * Takes what arrived.
   *
   * @throws MalformedCallException if a message gets too long
   */
  void add(byte[] bytes, int count) throws MalformedCallException {
    int start = 0;
    while (start < count) {
      int end = start;
      while (end < count && bytes[end] != 0) {
        end++;
      }
      if (begun.size() + end - start > messageBytesMax) {
        throw new MalformedCallException("it has more than " + messageBytesMax + " bytes");
      }
      begun.write(bytes, start, end - start);
      if (end < count) {
        whole.add(begun.toByteArray());
        begun.reset();
      }
      start = end + 1;
    }
  }

  /** The next whole message, without its end. */
  Optional<byte[]> next() {
    return Optional.ofNullable(whole.poll());
  }

  boolean hasWhole() {
    return !whole.isEmpty();
  }

  boolean hasBegun() {
    return begun.size() > 0;
  }
}
