package org.particleos.update.codec;

/** XZ for Java, for systems without liblzma. */
class JavaXzDecoderTest extends XzDecoderContract {
  @Override
  Decoder decoder(Inflow inflow) {
    return new StreamDecoder(Compression.XZ, inflow, XzDecoder.MEMORY_BYTES_MAX);
  }
}
