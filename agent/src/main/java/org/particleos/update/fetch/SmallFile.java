package org.particleos.update.fetch;

import java.net.URI;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What a server says about a small file. */
public sealed interface SmallFile {
  /** There is none. */
  record Missing() implements SmallFile {}

  /** It is in the state that was named. */
  record Unchanged() implements SmallFile {}

  /** Its bytes, decompressed, and the state they belong to. No record: arrays are not equal. */
  final class Fresh implements SmallFile {
    private final byte[] bytes;
    private final State state;

    Fresh(byte[] bytes, State state) {
      this.bytes = bytes.clone();
      this.state = state;
    }

    public byte[] bytes() {
      return bytes.clone();
    }

    public State state() {
      return state;
    }
  }

  /**
   * By what a server recognises that a file has not changed.
   *
   * @param address where it was found after redirects: another server's names mean nothing here
   */
  record State(URI address, Optional<String> etag, Optional<Instant> lastModified) {
    /** Whether a server could recognise it at all. */
    public boolean known() {
      return etag.isPresent() || lastModified.isPresent();
    }

    /** A weak name is good enough here: the same meaning is what is asked for (RFC 9110 13.1.2). */
    Map<String, String> headers() {
      var headers = new TreeMap<String, String>();
      etag.ifPresent(tag -> headers.put("If-None-Match", tag));
      lastModified.ifPresent(time -> headers.put("If-Modified-Since", Resumption.httpDate(time)));
      return headers;
    }
  }
}
