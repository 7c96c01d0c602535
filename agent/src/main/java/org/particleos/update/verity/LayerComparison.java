package org.particleos.update.verity;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/** Compares the digests of blocks with those that the layer above holds for them. */
final class LayerComparison implements BlockDigests.Visitor {
  /** Takes the number of a block; called by several threads. */
  interface Found {
    void block(long number);
  }

  private final Layer above;
  private final int digestBytes;
  private final Found onBad;
  private final Found onCutOff;
  private final AtomicLong cutOff = new AtomicLong();

  LayerComparison(Layer above, HashAlgorithm algorithm, Found onBad, Found onCutOff) {
    this.above = above;
    this.digestBytes = algorithm.digestBytes();
    this.onBad = onBad;
    this.onCutOff = onCutOff;
  }

  long cutOff() {
    return cutOff.get();
  }

  @Override
  public void visit(BlockDigests.Batch batch) {
    if (!visitAtOnce(batch)) {
      visitByParent(batch);
    }
  }

  /** One read for all of them; false if that fails. */
  private boolean visitAtOnce(BlockDigests.Batch batch) {
    ByteBuffer expected;
    try {
      expected = above.digests().read(batch.first(), batch.count());
    } catch (IOException _) {
      return false;
    }
    for (int i = 0; i < batch.count(); i++) {
      if (above.untrusted().contains((batch.first() + i) / above.perBlock())) {
        cutOff(batch.first() + i);
      } else {
        compare(batch, i, expected.slice(i * digestBytes, digestBytes));
      }
    }
    return true;
  }

  /** A part of the layer above cannot be read; what is below the other parts can still be told. */
  private void visitByParent(BlockDigests.Batch batch) {
    for (int i = 0; i < batch.count(); i++) {
      long number = batch.first() + i;
      if (above.untrusted().contains(number / above.perBlock())) {
        cutOff(number);
        continue;
      }
      ByteBuffer expected;
      try {
        expected = above.digests().read(number, 1);
      } catch (IOException _) {
        cutOff(number);
        continue;
      }
      compare(batch, i, expected);
    }
  }

  private void cutOff(long number) {
    cutOff.incrementAndGet();
    onCutOff.block(number);
  }

  private void compare(BlockDigests.Batch batch, int index, ByteBuffer expected) {
    if (batch.unreadable().get(index)
        || !expected.equals(batch.digests().slice(index * digestBytes, digestBytes))) {
      onBad.block(batch.first() + index);
    }
  }
}
