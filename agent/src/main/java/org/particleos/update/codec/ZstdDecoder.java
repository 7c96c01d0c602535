package org.particleos.update.codec;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;

/** Zstandard by the native library, from direct buffer to direct buffer. */
public final class ZstdDecoder implements Decoder {
  /** 128 MiB, as zstd itself takes without being asked: what a small device can spare. */
  public static final int WINDOW_LOG_MAX = 27;

  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final Inflow inflow;
  private final ZstdDecompressCtx context = new ZstdDecompressCtx().setLongMax(WINDOW_LOG_MAX);
  private ByteBuffer packed = NOTHING;
  private boolean insideFrame;

  ZstdDecoder(Inflow inflow) {
    this.inflow = inflow;
  }

  @Override
  public void fill(ByteBuffer direct) throws CorruptPayload {
    while (direct.hasRemaining()) {
      boolean atEnd = !packed.hasRemaining() && atEnd();
      if (atEnd && !insideFrame) {
        return;
      }
      int before = direct.position();
      try {
        insideFrame = !context.decompressDirectByteBufferStream(direct, packed);
      } catch (ZstdException e) {
        throw Zstd.getErrorCode(e.getErrorCode()) == Zstd.errFrameParameterWindowTooLarge()
            ? new CorruptPayload("unpacking it takes a window of more than 128 MiB")
            : new CorruptPayload(e);
      }
      if (atEnd && insideFrame && direct.position() == before) {
        throw new CorruptPayload("it ends inside a zstd frame");
      }
    }
  }

  private boolean atEnd() {
    var next = inflow.next();
    packed = next.orElse(NOTHING);
    return next.isEmpty();
  }

  @Override
  public void close() {
    context.close();
  }
}
