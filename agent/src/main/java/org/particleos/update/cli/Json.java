package org.particleos.update.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What verbs answer is a tree of JSON, of which text is made, or which is printed. Reading and
 * writing is set up only where it is asked for: that part of Jackson costs start-up time.
 */
final class Json {
  private static final class Text {
    static final ObjectMapper MAPPER = new ObjectMapper();
  }

  private Json() {}

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  /** A number, or null if it is not known. */
  static void put(ObjectNode node, String name, OptionalLong value) {
    if (value.isPresent()) {
      node.put(name, value.getAsLong());
    } else {
      node.putNull(name);
    }
  }

  /** A number that may be null. */
  static OptionalLong number(JsonNode node, String name) {
    JsonNode value = node.path(name);
    return value.isNumber() ? OptionalLong.of(value.asLong()) : OptionalLong.empty();
  }

  /** Text that may be null. */
  static Optional<String> text(JsonNode node, String name) {
    JsonNode value = node.path(name);
    return value.isTextual() ? Optional.of(value.asText()) : Optional.empty();
  }

  /** A line that another process of this program printed; missing if it is no JSON. */
  static JsonNode parse(String line) {
    try {
      return Text.MAPPER.readTree(line);
    } catch (JsonProcessingException _) {
      return MissingNode.getInstance();
    }
  }

  static void print(PrintStream out, JsonMode mode, JsonNode node) {
    try {
      switch (mode) {
        case PRETTY ->
            out.println(Text.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(node));
        case SHORT -> out.println(Text.MAPPER.writeValueAsString(node));
        case OFF -> throw new IllegalStateException("no JSON was asked for");
      }
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of plain values can always be written", e);
    }
  }
}
