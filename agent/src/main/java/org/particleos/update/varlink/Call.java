package org.particleos.update.varlink;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * A method call. Members of the message that nobody knows are passed over, so that the protocol can
 * grow.
 *
 * @param method with its interface, as {@code org.varlink.service.GetInfo}
 * @param parameters of any kind; an empty object if there were none
 * @param more several replies are welcome
 * @param oneway no reply is
 * @param upgrade the connection is to speak something else afterwards
 */
record Call(String method, JsonNode parameters, boolean more, boolean oneway, boolean upgrade) {
  /** A target within the parameters within the message, and as much again. */
  private static final int NESTING_MAX = 6;

  /** What is longer than a version, a name and a few keys together is no number. */
  private static final int NUMBER_CHARACTERS_MAX = 32;

  private static final ObjectMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(NESTING_MAX)
                          .maxNumberLength(NUMBER_CHARACTERS_MAX)
                          .build())
                  // Names of strangers would be kept for good.
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  static Call parse(byte[] message) throws MalformedCallException {
    JsonNode tree;
    try {
      // By itself the parser would guess the encoding.
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(message)).toString();
      tree = JSON.readTree(text);
    } catch (CharacterCodingException _) {
      throw new MalformedCallException("it is no UTF-8");
    } catch (JsonProcessingException garbage) {
      throw new MalformedCallException("it is no JSON: " + garbage.getOriginalMessage());
    }
    if (!tree.isObject()) {
      throw new MalformedCallException("it is no JSON object");
    }
    JsonNode method = tree.path("method");
    if (!method.isTextual()) {
      throw new MalformedCallException("it names no method");
    }
    JsonNode parameters = tree.path("parameters");
    var call =
        new Call(
            method.textValue(),
            parameters.isMissingNode() || parameters.isNull()
                ? JSON.createObjectNode()
                : parameters,
            flag(tree, "more"),
            flag(tree, "oneway"),
            flag(tree, "upgrade"));
    if (call.oneway && (call.more || call.upgrade)) {
      throw new MalformedCallException("it wants no reply and more than one");
    }
    return call;
  }

  private static boolean flag(JsonNode tree, String key) throws MalformedCallException {
    JsonNode value = tree.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return false;
    }
    if (!value.isBoolean()) {
      throw new MalformedCallException(key + " is neither true nor false");
    }
    return value.booleanValue();
  }
}
