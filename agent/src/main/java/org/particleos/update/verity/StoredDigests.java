package org.particleos.update.verity;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;

/** A row of digests, one behind the other. May be read by several threads. */
sealed interface StoredDigests {
  long count();

  /** Some of them, in one array. */
  ByteBuffer read(long first, int count) throws IOException;

  /** The digests that a level of a tree holds. */
  record OnDisk(Extent extent, int digestBytes, long count) implements StoredDigests {
    @Override
    public ByteBuffer read(long first, int number) throws IOException {
      Objects.checkFromIndexSize(first, number, count);
      return ByteBuffer.wrap(extent.bytes(first * digestBytes, number * digestBytes));
    }
  }

  /** The one digest that stands above the tree. */
  record Root(RootHash hash, int digestBytes) implements StoredDigests {
    @Override
    public long count() {
      return 1;
    }

    @Override
    public ByteBuffer read(long first, int number) {
      Objects.checkFromIndexSize(first, number, 1);
      // A root hash of another algorithm's length is equal to nothing.
      return ByteBuffer.wrap(Arrays.copyOf(hash.bytes(), number * digestBytes));
    }
  }
}
