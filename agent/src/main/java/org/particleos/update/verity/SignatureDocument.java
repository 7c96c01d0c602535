package org.particleos.update.verity;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * What a verity signature partition holds: JSON with a root hash and its signature (Discoverable
 * Partitions Specification), filled up with NUL. Only the root hash is read; the signature is for
 * the kernel to check when the image is set up.
 *
 * <p>What follows the first NUL or the end of the JSON is of no account: a shorter document leaves
 * the end of a longer one behind it in the slot.
 */
public record SignatureDocument(RootHash rootHash) {
  /** A signature with its chain of certificates has some kilobytes. */
  private static final int BYTES_MAX = 1 << 20;

  private static final int DEPTH_MAX = 8;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxDocumentLength(BYTES_MAX)
                  .maxStringLength(BYTES_MAX)
                  .maxNestingDepth(DEPTH_MAX)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  /** Reads the document at the beginning of a signature partition. */
  public static SignatureDocument read(Extent signature)
      throws IOException, MalformedVerityException {
    return parse(signature.bytes(0, (int) Math.min(BYTES_MAX, signature.sizeBytes())));
  }

  static SignatureDocument parse(byte[] bytes) throws MalformedVerityException {
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    String text = new String(bytes, 0, end, StandardCharsets.UTF_8);
    try (var parser = FACTORY.createParser(text)) {
      String named =
          rootHash(parser)
              .orElseThrow(() -> new MalformedVerityException("names no root hash in its JSON"));
      return new SignatureDocument(
          RootHash.parse(named)
              .orElseThrow(() ->
                  new MalformedVerityException(
                      "names a root hash that has neither 64 nor 128 hex digits")));
    } catch (IOException e) {
      throw new MalformedVerityException("does not hold a JSON object");
    }
  }

  private static Optional<String> rootHash(JsonParser parser) throws IOException {
    Optional<String> found = Optional.empty();
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      return found;
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      boolean wanted = parser.currentName().equals("rootHash");
      if (parser.nextToken() == JsonToken.VALUE_STRING && wanted) {
        found = Optional.of(parser.getText());
      }
      parser.skipChildren();
    }
    return found;
  }
}
