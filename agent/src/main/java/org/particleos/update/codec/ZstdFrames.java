package org.particleos.update.codec;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;
import org.particleos.update.codec.Decoder.CorruptPayload;

/**
 * Zstandard frames that stand for themselves, from direct buffer to direct buffer. The buffers
 * bound the memory that is taken: there is no window beside them.
 */
public final class ZstdFrames {
  private ZstdFrames() {}

  /** The least that a packed frame of so many bytes may need. */
  public static int packedBytesMax(int bytes) {
    return Math.toIntExact(Zstd.compressBound(bytes));
  }

  /** Packs frames. Used by one thread. */
  public static final class Packer implements AutoCloseable {
    private final ZstdCompressCtx context = new ZstdCompressCtx();

    /** With a content size and a checksum in each frame, as the tool zstd writes them. */
    public Packer(int level) {
      context.setLevel(level);
      context.setChecksum(true);
      context.setContentSize(true);
    }

    /** Packs all that remains into a buffer with room for {@link #packedBytesMax}. */
    public void pack(ByteBuffer bytes, ByteBuffer into) {
      context.compress(into, bytes);
    }

    @Override
    public void close() {
      context.close();
    }
  }

  /** Unpacks frames. Used by one thread. */
  public static final class Unpacker implements AutoCloseable {
    private final ZstdDecompressCtx context = new ZstdDecompressCtx();

    /**
     * Unpacks one whole frame, which must fill the buffer exactly.
     *
     * @throws CorruptPayload if it does not, or is damaged, or was made with a dictionary
     */
    public void unpack(ByteBuffer packed, ByteBuffer into) throws CorruptPayload {
      int expected = into.remaining();
      int length;
      try {
        length = context.decompress(into, packed);
      } catch (ZstdException e) {
        throw new CorruptPayload(e);
      }
      if (length != expected || packed.hasRemaining()) {
        throw new CorruptPayload("a frame has " + length + " bytes instead of " + expected);
      }
    }

    @Override
    public void close() {
      context.close();
    }
  }
}
