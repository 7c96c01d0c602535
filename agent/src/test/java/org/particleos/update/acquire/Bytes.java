package org.particleos.update.acquire;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorOutputStream;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorOutputStream;
import org.particleos.update.codec.Compression;
import org.particleos.update.pattern.Sha256;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** Payloads of tests. */
public final class Bytes {
  private Bytes() {}

  /** Bytes that no codec can make smaller. */
  public static byte[] noise(long seed, int length) {
    var bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** Bytes like those of an image: some noise, much that repeats. */
  public static byte[] image(long seed, int length) {
    var random = new Random(seed);
    var bytes = new byte[length];
    int i = 0;
    while (i < length) {
      int run = Math.min(length - i, 1 + random.nextInt(5000));
      if (random.nextBoolean()) {
        for (int k = 0; k < run; k++) {
          bytes[i + k] = (byte) random.nextInt(64);
        }
      }
      i += run;
    }
    return bytes;
  }

  public static byte[] concat(byte[]... parts) {
    var all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  public static Sha256 sha256(byte[] bytes) {
    try {
      return Sha256.of(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  public static byte[] pack(Compression compression, byte[] bytes) {
    var packed = new ByteArrayOutputStream();
    try (var stream = packer(compression, packed)) {
      stream.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed.toByteArray();
  }

  private static OutputStream packer(Compression compression, OutputStream out) throws IOException {
    return switch (compression) {
      case NONE -> out;
      case GZIP -> new GZIPOutputStream(out);
      case XZ -> new XZOutputStream(out, new LZMA2Options(1));
      case ZSTD -> new ZstdOutputStream(out).setChecksum(true);
      case LZ4 ->
          new FramedLZ4CompressorOutputStream(
              out,
              // Its search for the best match takes seconds for a run of zeros.
              new FramedLZ4CompressorOutputStream.Parameters(
                  FramedLZ4CompressorOutputStream.BlockSize.K64,
                  BlockLZ4CompressorOutputStream.createParameterBuilder()
                      .tunedForSpeed()
                      .withMaxNumberOfCandidates(4)
                      .build()));
      case BZIP2 -> new BZip2CompressorOutputStream(out, 1);
    };
  }
}
