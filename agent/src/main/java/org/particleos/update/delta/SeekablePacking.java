package org.particleos.update.delta;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import org.particleos.update.acquire.WriteFailure;
import org.particleos.update.codec.SeekTableWriter;
import org.particleos.update.codec.ZstdFrames;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.pattern.Sha256;

/**
 * Packs an image as Zstandard in frames that stand for themselves, with a seek table behind them,
 * on all processors. The same image, level and frame length give the same bytes, whatever the
 * machine.
 */
public final class SeekablePacking implements Crew.Task {
  /**
   * What is lost to packing in pieces is little where the image is a compressed file system; what a
   * changed block costs is a whole frame. ARCHITECTURE.md has the figures.
   */
  public static final int FRAME_BYTES_DEFAULT = 128 << 10;

  /** Blocks of hash trees have 4 KiB, and so the table would be as long as the hash tree. */
  public static final int FRAME_BYTES_MIN = 16 << 10;

  public static final int FRAME_BYTES_MAX = Enterable.FRAME_BYTES_MAX;

  /** What the tool zstd does without being asked. */
  public static final int LEVEL_DEFAULT = 3;

  public static final int LEVEL_MAX = 22;

  /** Frames begin where blocks do, up to the largest page of any architecture that is in use. */
  public static final int FRAME_BYTES_UNIT = 4096;

  /**
   * What was written.
   *
   * @param bytes of the image
   * @param digest over the packed file
   */
  public record Packed(long bytes, long packedBytes, int frames, Sha256 digest) {}

  private final OpenFile image;
  private final long imageBytes;
  private final OpenFile packed;
  private final int level;
  private final int frameBytes;
  private final Turns turns = new Turns();

  // Touched by the thread whose turn it is.
  private final SeekTableWriter table = new SeekTableWriter();
  private final MessageDigest sha256 = sha256();
  private long packedBytes;

  private SeekablePacking(
      OpenFile image, long imageBytes, OpenFile packed, int level, int frameBytes) {
    this.image = image;
    this.imageBytes = imageBytes;
    this.packed = packed;
    this.level = level;
    this.frameBytes = frameBytes;
  }

  /** How many bytes a frame must hold at least so that the table has room for the image. */
  public static boolean fits(long imageBytes, int frameBytes) {
    return Math.ceilDiv(imageBytes, (long) frameBytes) <= SeekTableWriter.FRAMES_MAX;
  }

  /**
   * Packs all of an image. All threads have ended when this returns, also when it fails.
   *
   * @param packed an empty file
   * @param level 1 to {@value #LEVEL_MAX}
   * @param frameBytes a multiple of {@value #FRAME_BYTES_UNIT}, so that it {@link #fits}
   */
  public static Packed run(
      OpenFile image, OpenFile packed, int level, int frameBytes, Cancellation cancellation)
      throws IOException, UpdateException {
    var packing = new SeekablePacking(image, image.sizeBytes(), packed, level, frameBytes);
    Crew.run(
        "pack",
        "packing " + image.path(),
        Collections.nCopies(Runtime.getRuntime().availableProcessors(), packing),
        cancellation);
    return packing.finish();
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  @Override
  public void run(Cancellation stop) throws IOException, UpdateException {
    try (var packer = new ZstdFrames.Packer(level);
        var arena = Arena.ofConfined()) {
      var bytes = arena.allocate(frameBytes).asByteBuffer();
      var frame = arena.allocate(ZstdFrames.packedBytesMax(frameBytes)).asByteBuffer();
      while (!stop.cancelled()) {
        int number = turns.take();
        long from = (long) number * frameBytes;
        if (from >= imageBytes) {
          return;
        }
        bytes.clear().limit((int) Math.min(frameBytes, imageBytes - from));
        int length = bytes.remaining();
        if (image.read(bytes, from) < length) {
          throw new IOException(image.path() + " has become shorter");
        }
        packer.pack(bytes.flip(), frame.clear());
        turns.await(number, stop);
        table.add(frame.flip().remaining(), length);
        append(frame);
        turns.done();
      }
    }
  }

  private void append(ByteBuffer bytes) throws UpdateException {
    int length = bytes.remaining();
    sha256.update(bytes.duplicate());
    try {
      packed.write(bytes, packedBytes);
    } catch (IOException e) {
      throw WriteFailure.of(packed.path(), e);
    }
    packedBytes += length;
  }

  private Packed finish() throws UpdateException {
    append(table.table());
    try {
      packed.sync();
    } catch (IOException e) {
      throw WriteFailure.of(packed.path(), e);
    }
    return new Packed(imageBytes, packedBytes, table.frames(), Sha256.of(sha256.digest()));
  }
}
