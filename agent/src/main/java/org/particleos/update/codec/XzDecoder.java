package org.particleos.update.codec;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.particleos.update.linux.Lzma;
import org.particleos.update.linux.LzmaBlock;
import org.particleos.update.linux.LzmaDecoder;
import org.particleos.update.linux.LzmaFailure;

/**
 * xz by the system's library, from direct buffer to direct buffer. Blocks whose headers name their
 * sizes, as {@code xz -T} makes them, are decoded side by side; all others one after the other by
 * the thread that calls.
 */
final class XzDecoder implements Decoder {
  /**
   * For everything that it holds, so that the whole program stays below 180 MiB. Two blocks of
   * {@code xz -6 -T0} have dictionaries of 8 MiB each, and the rest holds what the second one has
   * unpacked ahead. Enough as well for {@code xz -9} with its dictionary of 64 MiB, alone.
   */
  static final long MEMORY_BYTES_MAX = 72 << 20;

  private static final int MEBI = 1 << 20;

  private final Lzma library;
  private final long memoryBytesMax;
  private final PackedBytes packed;
  private final XzContainer container;
  private final XzBlocks blocks;
  private final LzmaDecoder alone;

  /** A header that is read, of a block that is not begun. */
  private @Nullable Announced announced;

  /** The block that the next bytes belong to, if others decode it. */
  private XzBlocks.@Nullable Job feeding;

  /** The header of the block that the next bytes belong to, if it is decoded here. */
  private XzContainer.@Nullable BlockHeader inside;

  private boolean insideStream;
  private boolean begun;
  private boolean read;
  private @Nullable CorruptPayload corruption;

  private record Announced(XzContainer.BlockHeader header, LzmaBlock block) {}

  XzDecoder(Lzma library, Inflow inflow) {
    this(library, inflow, Runtime.getRuntime().availableProcessors(), MEMORY_BYTES_MAX);
  }

  XzDecoder(Lzma library, Inflow inflow, int processors, long memoryBytesMax) {
    this.library = library;
    this.memoryBytesMax = memoryBytesMax;
    this.packed = new PackedBytes(inflow);
    this.container = new XzContainer(packed);
    this.blocks = new XzBlocks(library, processors, memoryBytesMax);
    this.alone = library.decoder();
  }

  static CorruptPayload corrupt(LzmaFailure failure) {
    return new CorruptPayload(
        switch (failure.kind()) {
          case DAMAGED -> "it is damaged";
          case UNKNOWN_FILTERS -> "it uses filters that liblzma does not know";
          case OTHER_FORMAT -> "something in it is no xz stream";
        });
  }

  @Override
  public void fill(ByteBuffer direct) throws CorruptPayload {
    while (direct.hasRemaining()) {
      long seen = blocks.changes();
      if (inside != null) {
        decodeHere(inside, direct);
        continue;
      }
      var head = blocks.head();
      if (head != null && head.drain(direct)) {
        continue;
      }
      if (head != null && head.ended()) {
        blocks.next();
        continue;
      }
      if (!readOn(head != null)) {
        if (head == null) {
          // What was found behind the last block that is whole.
          if (corruption != null) {
            throw corruption;
          }
          return;
        }
        blocks.awaitChange(seen);
      }
    }
  }

  /**
   * Reads on as far as there is room for it.
   *
   * @param busy whether there are blocks that must come out first
   * @return false if nothing can be read now, or ever
   */
  private boolean readOn(boolean busy) {
    if (read) {
      return false;
    }
    try {
      if (feeding != null) {
        return feed(feeding);
      }
      var next = announced;
      if (next != null) {
        return begin(next, busy);
      }
      readPart();
      return true;
    } catch (CorruptPayload e) {
      corruption = e;
      read = true;
      return true;
    }
  }

  private boolean feed(XzBlocks.Job job) {
    if (job.owed() > 0 && !packed.more()) {
      job.cut();
      feeding = null;
      read = true;
      return true;
    }
    boolean moved = job.feed(packed.piece());
    if (job.owed() == 0) {
      feeding = null;
    }
    return moved;
  }

  private boolean begin(Announced next, boolean busy) throws CorruptPayload {
    var packedBytes = next.block().packedBytes();
    var unpackedBytes = next.block().unpackedBytes();
    if (packedBytes.isPresent() && unpackedBytes.isPresent()) {
      alone.release();
      Optional<XzBlocks.Job> job =
          blocks.begin(
              next.header(),
              next.block(),
              container.check(),
              XzContainer.padded(packedBytes.getAsLong()) + container.checkBytes());
      if (job.isEmpty()) {
        return false;
      }
      // The decoder finds out if that is a lie.
      container.ended(next.header(), packedBytes.getAsLong(), unpackedBytes.getAsLong());
      feeding = job.get();
      announced = null;
      return true;
    }
    if (busy) {
      return false;
    }
    blocks.release();
    try {
      alone.begin(next.header().bytes(), container.check());
    } catch (LzmaFailure e) {
      throw corrupt(e);
    }
    inside = next.header();
    announced = null;
    return true;
  }

  private void readPart() throws CorruptPayload {
    if (!insideStream) {
      insideStream = container.startStream(!begun);
      begun = true;
      read = !insideStream;
      if (insideStream && !library.knowsCheck(container.check())) {
        throw new CorruptPayload("it has a check that liblzma cannot calculate");
      }
      return;
    }
    switch (container.next()) {
      case XzContainer.Part.StreamEnd _ -> insideStream = false;
      case XzContainer.Part.Block(var header) -> announced = describe(header);
    }
  }

  private Announced describe(XzContainer.BlockHeader header) throws CorruptPayload {
    LzmaBlock block;
    try {
      block = library.describe(header.bytes(), container.check());
    } catch (LzmaFailure e) {
      throw corrupt(e);
    }
    long most = XzBlocks.decoderBytesMax(memoryBytesMax);
    if (block.memoryBytes() > most) {
      throw new CorruptPayload(
          "unpacking it takes "
              + Math.ceilDiv(block.memoryBytes(), MEBI)
              + " MiB of memory, more than the "
              + most / MEBI
              + " MiB that are allowed");
    }
    return new Announced(header, block);
  }

  private void decodeHere(XzContainer.BlockHeader header, ByteBuffer direct) throws CorruptPayload {
    try {
      boolean more = packed.more();
      int before = packed.piece().remaining() + direct.remaining();
      if (alone.step(packed.piece(), direct)) {
        container.ended(header, alone.packedBytes(), alone.unpackedBytes());
        inside = null;
      } else if (!more && packed.piece().remaining() + direct.remaining() == before) {
        throw new CorruptPayload("it ends inside an xz stream");
      }
    } catch (LzmaFailure e) {
      throw corrupt(e);
    }
  }

  @Override
  public void close() {
    blocks.close();
    alone.close();
  }
}
