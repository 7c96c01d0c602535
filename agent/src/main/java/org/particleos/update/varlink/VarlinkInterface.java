package org.particleos.update.varlink;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * An interface that is implemented here.
 *
 * @param description in the language of Varlink, as clients are told it
 * @param methods by name, without that of the interface
 */
record VarlinkInterface(String name, String description, Map<String, Method> methods) {
  VarlinkInterface {
    methods = Map.copyOf(methods);
  }

  /** With the description that lies beside the classes. */
  static VarlinkInterface described(String name, Map<String, Method> methods) {
    String file = name + ".varlink";
    try (InputStream in = VarlinkInterface.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new FileNotFoundException(file);
      }
      return new VarlinkInterface(
          name, new String(in.readAllBytes(), StandardCharsets.UTF_8), methods);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }
}
