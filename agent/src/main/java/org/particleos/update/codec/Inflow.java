package org.particleos.update.codec;

import java.nio.ByteBuffer;
import java.util.Optional;

/** The packed bytes of a payload, piece by piece in order, for a {@link Decoder}. */
public interface Inflow {
  /**
   * The next piece, direct and not empty. Asking for it gives back the one before, which must not
   * be touched any more. Empty at the end, from then on always.
   */
  Optional<ByteBuffer> next();
}
