package org.particleos.update.verity;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a verity signature partition holds: JSON with a root hash and its signature (Discoverable
 * Partitions Specification), filled up with NUL. Whether the signature is right is for the kernel
 * to check when the image is set up; here it is only taken apart.
 *
 * <p>What follows the first NUL or the end of the JSON is of no account: a shorter document leaves
 * the end of a longer one behind it in the slot.
 *
 * @param certificateFingerprint SHA-256 of the signer's certificate as it was written
 * @param signature PKCS#7 as it was written, which should be Base64
 */
public record SignatureDocument(
    RootHash rootHash, Optional<String> certificateFingerprint, Optional<String> signature) {
  /** A signature with its chain of certificates has some kilobytes. */
  private static final int BYTES_MAX = 1 << 20;

  private static final int DEPTH_MAX = 8;

  private static final String ROOT_HASH = "rootHash";
  private static final String FINGERPRINT = "certificateFingerprint";
  private static final String SIGNATURE = "signature";
  private static final Set<String> FIELDS = Set.of(ROOT_HASH, FINGERPRINT, SIGNATURE);

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
    Map<String, String> fields;
    try (var parser = FACTORY.createParser(text)) {
      fields = texts(parser);
    } catch (IOException e) {
      throw new MalformedVerityException("does not hold a JSON object");
    }
    String named = fields.get(ROOT_HASH);
    if (named == null) {
      throw new MalformedVerityException("names no root hash in its JSON");
    }
    return new SignatureDocument(
        RootHash.parse(named)
            .orElseThrow(() ->
                new MalformedVerityException(
                    "names a root hash that has neither 64 nor 128 hex digits")),
        Optional.ofNullable(fields.get(FINGERPRINT)),
        Optional.ofNullable(fields.get(SIGNATURE)));
  }

  private static Map<String, String> texts(JsonParser parser) throws IOException {
    Map<String, String> found = new HashMap<>();
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      return found;
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      if (parser.nextToken() == JsonToken.VALUE_STRING && FIELDS.contains(name)) {
        found.put(name, parser.getText());
      }
      parser.skipChildren();
    }
    return found;
  }

  /**
   * The signature in DER.
   *
   * @throws MalformedVerityException if there is none, or it is not Base64
   */
  public byte[] signatureBytes() throws MalformedVerityException {
    String text =
        signature.orElseThrow(() -> new MalformedVerityException("has no signature in its JSON"));
    try {
      return Base64.getDecoder().decode(text.replaceAll("\\s", ""));
    } catch (IllegalArgumentException e) {
      throw new MalformedVerityException("has a signature in its JSON that is no Base64");
    }
  }
}
