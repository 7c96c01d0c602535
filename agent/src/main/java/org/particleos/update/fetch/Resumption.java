package org.particleos.update.fetch;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * From where on a file is wanted, and which state of it the part before belongs to.
 *
 * @param offsetBytes how much of the beginning is there already
 * @param etag what the server called the file then
 * @param lastModified when it was changed last, then
 */
public record Resumption(long offsetBytes, Optional<String> etag, Optional<Instant> lastModified) {
  /** From the first byte on, whatever it is. */
  public static final Resumption FROM_START = new Resumption(0, Optional.empty(), Optional.empty());

  /** Two digits for the day, which the formatter of the platform leaves out (RFC 9110 5.6.7). */
  private static final DateTimeFormatter HTTP_DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  public Resumption {
    if (offsetBytes < 0) {
      throw new IllegalArgumentException("there is nothing before the first byte: " + offsetBytes);
    }
  }

  /**
   * What a request says. A server that still has the same state sends the rest, another one all of
   * it (RFC 9110 13.1.5); without anything to recognise the state by, the rest is asked for all the
   * same, since the digest over the whole decides.
   */
  Map<String, String> headers() {
    var headers = new TreeMap<String, String>();
    if (offsetBytes > 0) {
      headers.put("Range", "bytes=" + offsetBytes + "-");
      strong(etag)
          .or(() -> lastModified.map(Resumption::httpDate))
          .ifPresent(state -> headers.put("If-Range", state));
    }
    return headers;
  }

  static String httpDate(Instant instant) {
    return HTTP_DATE.format(instant);
  }

  /** A weak one promises the same meaning, not the same bytes. */
  static Optional<String> strong(Optional<String> etag) {
    return etag.filter(tag -> tag.startsWith("\"") && tag.endsWith("\"") && tag.length() > 1);
  }
}
