package org.particleos.update.fetch;

import java.util.OptionalLong;
import org.particleos.update.codec.Compression;
import org.particleos.update.codec.ZstdFrameHeader;
import org.particleos.update.failure.UpdateException;

/**
 * How large a payload is, as far as its length and its first bytes tell.
 *
 * @param transferBytes as it is stored, which is what will be transferred
 * @param leastBytes that it has after decompression; exact for what is not compressed and for a
 *     single zstd frame that names its size, otherwise a lower bound or unknown
 */
public record PayloadSize(OptionalLong transferBytes, OptionalLong leastBytes) {
  private static final int BEGINNING_BYTES = ZstdFrameHeader.BYTES_MAX;

  /**
   * Asks the source. Fails where fetching the payload would fail at once: it is not there, or the
   * server does not answer.
   */
  public static PayloadSize ask(HttpFetcher http, Payload payload, Cancellation cancellation)
      throws UpdateException {
    return ask(http, payload, Unpacking.DETECT, cancellation);
  }

  /** The same for a payload that may have to stay as it is. */
  public static PayloadSize ask(
      HttpFetcher http, Payload payload, Unpacking unpacking, Cancellation cancellation)
      throws UpdateException {
    HttpFetcher.Beginning beginning =
        switch (payload) {
          case Payload.Url(var uri) -> http.beginning(uri, BEGINNING_BYTES, cancellation);
          case Payload.LocalFile(var path) ->
              http.beginning(path.toUri(), BEGINNING_BYTES, cancellation);
        };
    return new PayloadSize(
        beginning.totalBytes(),
        switch (unpacking) {
          case DETECT -> least(beginning);
          case AS_IS -> beginning.totalBytes();
        });
  }

  private static OptionalLong least(HttpFetcher.Beginning beginning) {
    return switch (Compression.of(beginning.bytes())) {
      case NONE -> beginning.totalBytes();
      case ZSTD -> ZstdFrameHeader.contentBytes(beginning.bytes());
      case GZIP, XZ, LZ4, BZIP2 -> OptionalLong.empty();
    };
  }
}
