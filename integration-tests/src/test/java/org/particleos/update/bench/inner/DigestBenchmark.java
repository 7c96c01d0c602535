package org.particleos.update.bench.inner;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * SHA-256 of the platform per MiB, from off-heap buffers as the pipeline has them, and from the
 * heap: what the digest stage can reach at best.
 */
@State(Scope.Thread)
public class DigestBenchmark {
  private static final int MEBIBYTES = 16;
  private static final int CHUNK_BYTES = 1 << 20;

  private MessageDigest digest;
  private final ByteBuffer heap = ByteBuffer.allocate(CHUNK_BYTES);
  private final ByteBuffer direct = ByteBuffer.allocateDirect(CHUNK_BYTES);

  @Setup
  public void prepare() throws NoSuchAlgorithmException {
    digest = MessageDigest.getInstance("SHA-256");
    new SplittableRandom(3).nextBytes(heap.array());
    direct.put(heap.array()).flip();
  }

  @Benchmark
  @OperationsPerInvocation(MEBIBYTES)
  public byte[] sha256OfAMebibyteOffHeap() {
    return sha256(direct);
  }

  @Benchmark
  @OperationsPerInvocation(MEBIBYTES)
  public byte[] sha256OfAMebibyteOnHeap() {
    return sha256(heap);
  }

  private byte[] sha256(ByteBuffer buffer) {
    for (int i = 0; i < MEBIBYTES; i++) {
      digest.update(buffer.duplicate());
    }
    return digest.digest();
  }
}
