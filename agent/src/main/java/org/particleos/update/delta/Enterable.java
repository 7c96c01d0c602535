package org.particleos.update.delta;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.particleos.update.codec.Decoder.CorruptPayload;
import org.particleos.update.codec.SeekTable;
import org.particleos.update.codec.ZstdFrames;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.ByteSource;
import org.particleos.update.fetch.Cancellation;

/** A payload that can be entered in the middle, and how the image lies in it. */
public final class Enterable {
  /** Longest frame, unpacked: each thread that fetches keeps two such buffers. */
  static final int FRAME_BYTES_MAX = 4 << 20;

  private final Offer offer;
  private final Layout layout;
  private final long bytesFetched;

  private Enterable(Offer offer, Layout layout, long bytesFetched) {
    this.offer = offer;
    this.layout = layout;
    this.bytesFetched = bytesFetched;
  }

  Offer offer() {
    return offer;
  }

  Layout layout() {
    return layout;
  }

  /** What it took to find out. */
  long bytesFetched() {
    return bytesFetched;
  }

  /**
   * Finds out whether a payload can be entered, by its end.
   *
   * @param imageBytes length of the image, a multiple of the block
   */
  static Enterable examine(Offer offer, long imageBytes, int blockBytes, Cancellation cancellation)
      throws UpdateException, NoDeltaException {
    if (offer.sizeBytes() < SeekTable.FOOTER_BYTES) {
      throw new NoDeltaException(offer.name() + " is too short for the image");
    }
    ByteBuffer end = last(offer, SeekTable.FOOTER_BYTES, cancellation);
    try {
      Optional<SeekTable.Footer> footer =
          offer.unpack() ? SeekTable.Footer.read(end) : Optional.empty();
      if (footer.isPresent() && footer.get().tableBytes() < offer.sizeBytes()) {
        int length = footer.get().tableBytes();
        ByteBuffer bytes = last(offer, length, cancellation);
        var table = SeekTable.parse(footer.get(), bytes, offer.sizeBytes());
        requireUsable(offer, table, imageBytes, blockBytes);
        return new Enterable(
            offer, new Layout.Frames(table), (long) length + SeekTable.FOOTER_BYTES);
      }
    } catch (CorruptPayload e) {
      throw new NoDeltaException(offer.name() + " cannot be entered: " + e.getMessage(), e);
    }
    if (offer.sizeBytes() == imageBytes) {
      var layout = new Layout.Plain((int) (imageBytes / blockBytes), blockBytes);
      return new Enterable(offer, layout, SeekTable.FOOTER_BYTES);
    }
    throw new NoDeltaException(
        offer.name() + " is neither the plain image nor packed in frames with a seek table");
  }

  private static void requireUsable(Offer offer, SeekTable table, long imageBytes, int blockBytes)
      throws NoDeltaException {
    if (table.totalBytes() != imageBytes) {
      throw new NoDeltaException(
          offer.name()
              + " unpacks to "
              + table.totalBytes()
              + " bytes by its seek table, but the hash tree is for "
              + imageBytes);
    }
    if (table.frames() < 2) {
      throw new NoDeltaException(offer.name() + " is a single frame");
    }
    if (table.bytesMax() > FRAME_BYTES_MAX
        || table.packedBytesMax() > ZstdFrames.packedBytesMax(FRAME_BYTES_MAX)) {
      throw new NoDeltaException(
          offer.name() + " has frames of more than " + FRAME_BYTES_MAX + " bytes");
    }
    for (int frame = 0; frame < table.frames(); frame++) {
      if (table.start(frame) % blockBytes != 0) {
        throw new NoDeltaException(
            offer.name()
                + " has frames that do not begin with a block of "
                + blockBytes
                + " bytes");
      }
    }
  }

  private static ByteBuffer last(Offer offer, int length, Cancellation cancellation)
      throws UpdateException {
    ByteBuffer bytes = ByteBuffer.allocateDirect(length);
    long from = offer.sizeBytes() - length;
    try (var source = offer.reader().open(from, offer.sizeBytes(), cancellation)) {
      fill(source, bytes, offer);
    }
    return bytes.flip();
  }

  /** Reads until the buffer is full. */
  static void fill(ByteSource source, ByteBuffer direct, Offer offer) throws UpdateException {
    while (direct.hasRemaining()) {
      if (source.read(direct) < 0) {
        throw UpdateException.because(
                Reason.BODY_TRUNCATED, "reading a part of " + offer.name() + " failed")
            .found(direct.remaining() + " bytes did not come")
            .remedy("try again")
            .unreachable();
      }
    }
  }
}
