package org.particleos.update.codec;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.MemoryLimitException;
import org.tukaani.xz.XZInputStream;

/** The codecs that come as {@link InputStream}s, each told to go on after a concatenated member. */
final class StreamDecoder implements Decoder {
  /**
   * What the dictionary of xz may take of the heap, where it lies in one piece: 31 MiB of 64, which
   * is enough for {@code xz -7}.
   */
  private static final double XZ_HEAP_SHARE = 0.5;

  private static final int KIBI = 1024;

  private final Compression compression;
  private final InflowStream packed;
  private final byte[] scratch = new byte[SCRATCH_BYTES];
  private final int xzMemoryKibMax;
  private @Nullable InputStream unpacked;

  StreamDecoder(Compression compression, Inflow inflow) {
    this(compression, inflow, (long) (Runtime.getRuntime().maxMemory() * XZ_HEAP_SHARE));
  }

  /**
   * @param xzMemoryBytesMax of the heap for unpacking xz
   */
  StreamDecoder(Compression compression, Inflow inflow, long xzMemoryBytesMax) {
    this.compression = compression;
    this.packed = new InflowStream(inflow);
    this.xzMemoryKibMax = (int) Math.min(Integer.MAX_VALUE, xzMemoryBytesMax / KIBI);
  }

  @Override
  public void fill(ByteBuffer direct) throws CorruptPayload {
    try {
      if (unpacked == null) {
        unpacked = open();
      }
      while (direct.hasRemaining()) {
        int length = unpacked.read(scratch, 0, Math.min(scratch.length, direct.remaining()));
        if (length < 0) {
          return;
        }
        direct.put(scratch, 0, length);
      }
    } catch (Stopped e) {
      throw e;
    } catch (MemoryLimitException e) {
      throw new CorruptPayload(
          "unpacking it takes "
              + Math.ceilDiv(e.getMemoryNeeded(), KIBI)
              + " MiB of memory, more than the "
              + e.getMemoryLimit() / KIBI
              + " MiB that are allowed without the system's liblzma.so.5");
    } catch (IOException | RuntimeException e) {
      // The libraries answer some damage with an ArrayIndexOutOfBoundsException and the like.
      throw new CorruptPayload(e);
    }
  }

  private InputStream open() throws IOException {
    return switch (compression) {
      case GZIP ->
          GzipCompressorInputStream.builder()
              .setInputStream(packed)
              .setDecompressConcatenated(true)
              .get();
      case XZ -> new XZInputStream(packed, xzMemoryKibMax);
      // Both read byte by byte, which this spares a virtual call each.
      case LZ4 -> new FramedLZ4CompressorInputStream(buffered(), true);
      case BZIP2 -> new BZip2CompressorInputStream(buffered(), true);
      case NONE, ZSTD -> throw new IllegalStateException(compression + " is no stream codec");
    };
  }

  private InputStream buffered() {
    return new BufferedInputStream(packed, SCRATCH_BYTES);
  }

  @Override
  public void close() {
    if (unpacked != null) {
      try {
        unpacked.close();
      } catch (IOException _) {
        // Nothing was written through it.
      }
    }
  }

  /** Reads from an {@link Inflow}. */
  private static final class InflowStream extends InputStream {
    private final Inflow inflow;
    private ByteBuffer piece = ByteBuffer.allocate(0);

    InflowStream(Inflow inflow) {
      this.inflow = inflow;
    }

    @Override
    public int read() {
      return atEnd() ? -1 : Byte.toUnsignedInt(piece.get());
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      if (length == 0) {
        return 0;
      }
      if (atEnd()) {
        return -1;
      }
      int available = Math.min(length, piece.remaining());
      piece.get(target, offset, available);
      return available;
    }

    private boolean atEnd() {
      if (piece.hasRemaining()) {
        return false;
      }
      var next = inflow.next();
      piece = next.orElse(ByteBuffer.allocate(0));
      return next.isEmpty();
    }
  }
}
