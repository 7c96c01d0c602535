package org.particleos.update.codec;

import java.nio.ByteBuffer;
import org.particleos.update.linux.Lzma;

/**
 * Unpacks one payload, with everything that is concatenated in it, up to the end of its {@link
 * Inflow}. Used and closed by one thread.
 */
public interface Decoder extends AutoCloseable {
  /** The buffers of stream codecs on the heap. */
  int SCRATCH_BYTES = 64 << 10;

  /** Fills the direct buffer. Room that is left afterwards means that the payload has ended. */
  void fill(ByteBuffer direct) throws CorruptPayload;

  @Override
  void close();

  /** What a decoder found wrong. Only the digest can tell who is to blame. */
  final class CorruptPayload extends Exception {
    public CorruptPayload(String what) {
      super(what);
    }

    public CorruptPayload(Throwable cause) {
      super(String.valueOf(cause.getMessage()), cause);
    }
  }

  static Decoder of(Compression compression, Inflow inflow) {
    return switch (compression) {
      case NONE -> throw new IllegalArgumentException("nothing to unpack");
      case ZSTD -> new ZstdDecoder(inflow);
      case XZ ->
          Lzma.ofSystem()
              .<Decoder>map(library -> new XzDecoder(library, inflow))
              .orElseGet(() -> new StreamDecoder(compression, inflow));
      case GZIP, LZ4, BZIP2 -> new StreamDecoder(compression, inflow);
    };
  }
}
