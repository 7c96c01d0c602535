package org.particleos.update.linux;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.linux.LzmaFailure.Kind;

/**
 * The system's liblzma ({@code lzma/base.h}, {@code lzma/block.h}), found by the loader where it
 * finds all libraries; its interface is the same since 5.2. Used for single blocks only: what holds
 * them together is read elsewhere, and the library's own threads are not used (CVE-2025-31115 was
 * in them, from 5.4.0 to 5.8.0). May be used by several threads.
 */
public final class Lzma {
  private static final String NAME = "liblzma.so.5";

  private static final int OK = 0;
  private static final int STREAM_END = 1;
  private static final int MEM_ERROR = 5;
  private static final int FORMAT_ERROR = 7;
  private static final int OPTIONS_ERROR = 8;
  private static final int DATA_ERROR = 9;
  private static final int BUF_ERROR = 10;

  private static final int RUN = 0;

  private static final int HEADER_UNIT_BYTES = 4;

  private Lzma() {}

  /** Empty where the system has none. */
  public static Optional<Lzma> ofSystem() {
    return named(NAME);
  }

  static Optional<Lzma> named(String name) {
    try {
      NativeLibrary.getInstance(name).getFunction("lzma_block_decoder");
      return Optional.of(new Lzma());
    } catch (UnsatisfiedLinkError _) {
      return Optional.empty();
    }
  }

  /** As text, like {@code 5.4.1}. */
  public String version() {
    int number = Library.lzma_version_number();
    return number / 10_000_000 + "." + number / 10_000 % 1000 + "." + number / 10 % 1000;
  }

  /** Whether the library can calculate the check of that number. */
  public boolean knowsCheck(int check) {
    return Library.lzma_check_is_supported(check) != 0;
  }

  /**
   * Reads the header of a block.
   *
   * @param header whole, as long as its first byte says
   */
  public LzmaBlock describe(byte[] header, int check) throws LzmaFailure {
    try (var block = new Block()) {
      block.decode(header, check);
      return new LzmaBlock(
          size(block.packedBytes()), size(block.unpackedBytes()), block.memoryBytes());
    }
  }

  private static OptionalLong size(long known) {
    return known == Block.UNKNOWN ? OptionalLong.empty() : OptionalLong.of(known);
  }

  /** A decoder that has no memory yet. */
  public LzmaDecoder decoder() {
    return new Decoder();
  }

  private static LzmaFailure failure(int result) {
    return switch (result) {
      case DATA_ERROR -> new LzmaFailure(Kind.DAMAGED);
      case OPTIONS_ERROR -> new LzmaFailure(Kind.UNKNOWN_FILTERS);
      case FORMAT_ERROR -> new LzmaFailure(Kind.OTHER_FORMAT);
      case MEM_ERROR -> throw new OutOfMemoryError("liblzma got no memory");
      default -> throw new AssertionError("liblzma answers " + result);
    };
  }

  /** {@code lzma_block} with its filters. The library keeps its address while it decodes. */
  private static final class Block implements AutoCloseable {
    /** {@code LZMA_VLI_UNKNOWN}. */
    static final long UNKNOWN = -1;

    /** Offsets in {@code lzma_block} on 64 bit; zero is right for all others. */
    private static final int HEADER_SIZE = 4;

    private static final int CHECK = 8;
    private static final int PACKED = 16;
    private static final int UNPACKED = 24;
    private static final int FILTERS = 32;
    private static final int BLOCK_BYTES = 208;

    /** {@code lzma_filter}: number and pointer to options, at most four of them and an end. */
    private static final int FILTER_BYTES = 16;

    private static final int FILTER_OPTIONS = 8;
    private static final int FILTERS_BYTES = 5 * FILTER_BYTES;

    private final Memory block = new Memory(BLOCK_BYTES);
    private final Memory filters = new Memory(FILTERS_BYTES);

    Block() {
      block.clear();
      filters.clear();
    }

    void decode(byte[] header, int check) throws LzmaFailure {
      if (header.length == 0
          || header.length != (Byte.toUnsignedInt(header[0]) + 1) * HEADER_UNIT_BYTES) {
        throw new IllegalArgumentException("the header is not as long as it says");
      }
      block.clear();
      filters.clear();
      block.setInt(HEADER_SIZE, header.length);
      block.setInt(CHECK, check);
      block.setPointer(FILTERS, filters);
      int result = Library.lzma_block_header_decode(Pointer.nativeValue(block), 0, header);
      if (result != OK) {
        // The library has freed the options already, and may have left their addresses.
        filters.clear();
        throw failure(result);
      }
      if (memoryBytes() < 0) {
        freeOptions();
        throw new LzmaFailure(Kind.UNKNOWN_FILTERS);
      }
    }

    /** Negative if the library cannot do it, or if it is beyond any limit. */
    long memoryBytes() {
      return Library.lzma_raw_decoder_memusage(Pointer.nativeValue(filters));
    }

    long packedBytes() {
      return block.getLong(PACKED);
    }

    long unpackedBytes() {
      return block.getLong(UNPACKED);
    }

    long address() {
      return Pointer.nativeValue(block);
    }

    /** They are needed only until a decoder has begun. */
    void freeOptions() {
      for (int filter = 0; filter < FILTERS_BYTES; filter += FILTER_BYTES) {
        Pointer options = filters.getPointer(filter + FILTER_OPTIONS);
        if (options != null) {
          Native.free(Pointer.nativeValue(options));
        }
      }
      filters.clear();
    }

    @Override
    public void close() {
      freeOptions();
      filters.close();
      block.close();
    }
  }

  private static final class Decoder implements LzmaDecoder {
    /** Offsets in {@code lzma_stream} on 64 bit; all zero is {@code LZMA_STREAM_INIT}. */
    private static final int NEXT_IN = 0;

    private static final int AVAIL_IN = 8;
    private static final int NEXT_OUT = 24;
    private static final int AVAIL_OUT = 32;
    private static final int STREAM_BYTES = 136;

    private final Memory stream = new Memory(STREAM_BYTES);
    private final Block block = new Block();
    private boolean begun;
    private boolean closed;

    Decoder() {
      stream.clear();
    }

    @Override
    public void begin(byte[] header, int check) throws LzmaFailure {
      requireOpen();
      begun = false;
      block.decode(header, check);
      try {
        int result = Library.lzma_block_decoder(Pointer.nativeValue(stream), block.address());
        if (result != OK) {
          throw failure(result);
        }
        begun = true;
      } finally {
        block.freeOptions();
      }
    }

    private void requireOpen() {
      if (closed) {
        throw new IllegalStateException("the decoder is closed");
      }
    }

    @Override
    public boolean step(ByteBuffer packed, ByteBuffer unpacked) throws LzmaFailure {
      requireOpen();
      if (!begun) {
        throw new IllegalStateException("there is no block to go on with");
      }
      if (!packed.isDirect() || !unpacked.isDirect() || unpacked.isReadOnly()) {
        throw new IllegalArgumentException("the buffers must be direct");
      }
      int result;
      try {
        stream.setLong(NEXT_IN, LinuxKernel.address(packed) + packed.position());
        stream.setLong(AVAIL_IN, packed.remaining());
        stream.setLong(NEXT_OUT, LinuxKernel.address(unpacked) + unpacked.position());
        stream.setLong(AVAIL_OUT, unpacked.remaining());
        result = Library.lzma_code(Pointer.nativeValue(stream), RUN);
        packed.position(packed.limit() - (int) stream.getLong(AVAIL_IN));
        unpacked.position(unpacked.limit() - (int) stream.getLong(AVAIL_OUT));
      } finally {
        // The bare addresses do not keep the buffers alive.
        Reference.reachabilityFence(packed);
        Reference.reachabilityFence(unpacked);
      }
      return switch (result) {
        // Nothing moved, twice: it goes on as soon as something can.
        case OK, BUF_ERROR -> false;
        case STREAM_END -> {
          begun = false;
          yield true;
        }
        default -> {
          begun = false;
          throw failure(result);
        }
      };
    }

    @Override
    public long packedBytes() {
      requireOpen();
      return block.packedBytes();
    }

    @Override
    public long unpackedBytes() {
      requireOpen();
      return block.unpackedBytes();
    }

    @Override
    public void release() {
      requireOpen();
      begun = false;
      Library.lzma_end(Pointer.nativeValue(stream));
    }

    @Override
    public void close() {
      if (!closed) {
        release();
        closed = true;
        stream.close();
        block.close();
      }
    }
  }

  /** Addresses and sizes are passed as {@code long}, which is right on 64 bit. */
  private static final class Library {
    static {
      Native.register(Library.class, NativeLibrary.getInstance(NAME));
    }

    private Library() {}

    static native int lzma_version_number();

    static native byte lzma_check_is_supported(int check);

    static native int lzma_block_header_decode(long block, long allocator, byte[] header);

    static native long lzma_raw_decoder_memusage(long filters);

    static native int lzma_block_decoder(long stream, long block);

    static native int lzma_code(long stream, int action);

    static native void lzma_end(long stream);
  }
}
