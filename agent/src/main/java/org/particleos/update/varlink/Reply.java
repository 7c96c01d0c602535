package org.particleos.update.varlink;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Replies as they go over the wire. */
final class Reply {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Reply() {}

  static ObjectNode parameters() {
    return JSON.createObjectNode();
  }

  static byte[] of(ObjectNode parameters) {
    ObjectNode reply = JSON.createObjectNode();
    reply.set("parameters", parameters);
    return message(reply);
  }

  static byte[] thatContinues(ObjectNode parameters) {
    ObjectNode reply = JSON.createObjectNode();
    reply.set("parameters", parameters);
    return message(reply.put("continues", true));
  }

  static byte[] of(CallException error) {
    ObjectNode reply = JSON.createObjectNode().put("error", error.error());
    reply.set("parameters", error.parameters());
    return message(reply);
  }

  /**
   * Ends with NUL; within JSON it is written as an escape. By way of a string, since half a
   * surrogate pair, which a client may send as an escape and get back in an error, has no UTF-8.
   */
  private static byte[] message(ObjectNode reply) {
    try {
      byte[] text = JSON.writeValueAsString(reply).getBytes(StandardCharsets.UTF_8);
      return Arrays.copyOf(text, text.length + 1);
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException("a tree can be written", impossible);
    }
  }
}
