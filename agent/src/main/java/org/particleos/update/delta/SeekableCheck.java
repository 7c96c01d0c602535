package org.particleos.update.delta;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Collections;
import java.util.Optional;
import org.particleos.update.codec.Decoder.CorruptPayload;
import org.particleos.update.codec.SeekTable;
import org.particleos.update.codec.ZstdFrames;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.pattern.Sha256;

/** Looks whether a packed image is what its seek table says, on all processors. */
public final class SeekableCheck implements Crew.Task {
  /**
   * What was found to be good.
   *
   * @param bytes of the image
   * @param frameBytesMax content of the longest frame
   * @param digest over the packed file
   */
  public record Checked(
      long bytes, long packedBytes, int frames, int frameBytesMax, Sha256 digest) {}

  private final OpenFile packed;
  private final SeekTable table;
  private final Optional<OpenFile> image;
  private final Turns turns = new Turns();

  // Touched by the thread whose turn it is.
  private final MessageDigest sha256 = SeekablePacking.sha256();

  private SeekableCheck(OpenFile packed, SeekTable table, Optional<OpenFile> image) {
    this.packed = packed;
    this.table = table;
    this.image = image;
  }

  /**
   * Unpacks every frame. All threads have ended when this returns, also when it fails.
   *
   * @param image what it is to unpack to, if that is at hand
   * @throws UpdateException.NotTrusted if it has no seek table, or another than its frames, or is
   *     not the image
   */
  public static Checked run(OpenFile packed, Optional<OpenFile> image, Cancellation cancellation)
      throws IOException, UpdateException {
    long fileBytes = packed.sizeBytes();
    ByteBuffer footerBytes = last(packed, fileBytes, SeekTable.FOOTER_BYTES);
    ByteBuffer tableBytes;
    SeekTable table;
    try {
      Optional<SeekTable.Footer> footer =
          footerBytes.remaining() < SeekTable.FOOTER_BYTES
              ? Optional.empty()
              : SeekTable.Footer.read(footerBytes);
      if (footer.isEmpty() || footer.get().tableBytes() > fileBytes) {
        throw new CorruptPayload("no seek table stands at its end");
      }
      tableBytes = last(packed, fileBytes, footer.get().tableBytes());
      table = SeekTable.parse(footer.get(), tableBytes, fileBytes);
    } catch (CorruptPayload e) {
      throw bad(packed, e);
    }
    if (table.bytesMax() > Enterable.FRAME_BYTES_MAX
        || table.packedBytesMax() > ZstdFrames.packedBytesMax(Enterable.FRAME_BYTES_MAX)) {
      throw bad(
          packed,
          new CorruptPayload(
              "it has frames of more than "
                  + Enterable.FRAME_BYTES_MAX
                  + " bytes, which no update enters"));
    }
    if (image.isPresent() && image.get().sizeBytes() != table.totalBytes()) {
      throw bad(
          packed,
          new CorruptPayload(
              "it unpacks to "
                  + table.totalBytes()
                  + " bytes, but the image has "
                  + image.get().sizeBytes()));
    }
    var check = new SeekableCheck(packed, table, image);
    Crew.run(
        "pack",
        "checking " + packed.path(),
        Collections.nCopies(Runtime.getRuntime().availableProcessors(), check),
        cancellation);
    check.sha256.update(tableBytes);
    return new Checked(
        table.totalBytes(),
        fileBytes,
        table.frames(),
        table.bytesMax(),
        Sha256.of(check.sha256.digest()));
  }

  /** Fewer bytes if the file is shorter. */
  private static ByteBuffer last(OpenFile file, long fileBytes, int length) throws IOException {
    var bytes = ByteBuffer.allocateDirect((int) Math.min(length, fileBytes));
    read(file, bytes, fileBytes - bytes.remaining());
    return bytes.flip();
  }

  private static void read(OpenFile file, ByteBuffer into, long from) throws IOException {
    int length = into.remaining();
    if (length > 0 && file.read(into, from) < length) {
      throw new IOException(file.path() + " has become shorter");
    }
  }

  @Override
  public void run(Cancellation stop) throws IOException, UpdateException {
    try (var unpacker = new ZstdFrames.Unpacker();
        var arena = Arena.ofConfined()) {
      var frame = arena.allocate(table.packedBytesMax()).asByteBuffer();
      var bytes = arena.allocate(Math.max(1, table.bytesMax())).asByteBuffer();
      var same = arena.allocate(Math.max(1, table.bytesMax())).asByteBuffer();
      while (!stop.cancelled()) {
        int number = turns.take();
        if (number >= table.frames()) {
          return;
        }
        long from = table.packedStart(number);
        read(packed, frame.clear().limit((int) (table.packedStart(number + 1) - from)), from);
        var whole = frame.flip().duplicate();
        long at = table.start(number);
        int length = (int) (table.start(number + 1) - at);
        try {
          unpacker.unpack(frame, bytes.clear().limit(length));
          if (image.isPresent()) {
            read(image.get(), same.clear().limit(length), at);
            if (!same.flip().equals(bytes.flip())) {
              throw new CorruptPayload("it does not unpack to the image");
            }
          }
        } catch (CorruptPayload e) {
          throw bad(packed, new CorruptPayload("frame " + number + ": " + e.getMessage()));
        }
        turns.await(number, stop);
        sha256.update(whole);
        turns.done();
      }
    }
  }

  private static UpdateException bad(OpenFile packed, CorruptPayload corruption) {
    return UpdateException.because(
            Reason.PAYLOAD_CORRUPT,
            Quote.quote(packed.path().toString()) + " is no good payload for delta updates")
        .found(String.valueOf(corruption.getMessage()))
        .remedy("pack the image again: particle-update pack IMAGE")
        .cause(corruption)
        .notTrusted();
  }
}
