package org.particleos.update.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.OptionalLong;

/** Writes JSON results. Loaded only when one is asked for: Jackson costs start-up time. */
final class Json {
  private static final ObjectMapper MAPPER = new ObjectMapper();

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

  static void print(PrintStream out, JsonMode mode, ObjectNode node) {
    try {
      switch (mode) {
        case PRETTY ->
            out.println(MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(node));
        case SHORT -> out.println(MAPPER.writeValueAsString(node));
        case OFF -> throw new IllegalStateException("no JSON was asked for");
      }
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of plain values can always be written", e);
    }
  }
}
