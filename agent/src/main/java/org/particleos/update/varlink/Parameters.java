package org.particleos.update.varlink;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.Set;

/**
 * The parameters of a call, read by name and type. What is null is not there; what nobody knows is
 * refused, so that nobody believes to have asked for it.
 */
final class Parameters {
  private final JsonNode values;

  private Parameters(JsonNode values) {
    this.values = values;
  }

  static Parameters of(Call call, Set<String> known) throws CallException {
    if (!call.parameters().isObject()) {
      throw CallException.invalidParameter("parameters");
    }
    for (var field : call.parameters().properties()) {
      if (!known.contains(field.getKey())) {
        throw CallException.invalidParameter(field.getKey());
      }
    }
    return new Parameters(call.parameters());
  }

  private JsonNode value(String name) {
    return values.path(name);
  }

  private boolean isAbsent(String name) {
    return value(name).isMissingNode() || value(name).isNull();
  }

  Optional<String> optionalText(String name) throws CallException {
    if (isAbsent(name)) {
      return Optional.empty();
    }
    if (!value(name).isTextual()) {
      throw CallException.invalidParameter(name);
    }
    return Optional.of(value(name).textValue());
  }

  String text(String name) throws CallException {
    return optionalText(name).orElseThrow(() -> CallException.invalidParameter(name));
  }

  /** False if it is not there. */
  boolean flag(String name) throws CallException {
    if (isAbsent(name)) {
      return false;
    }
    if (!value(name).isBoolean()) {
      throw CallException.invalidParameter(name);
    }
    return value(name).booleanValue();
  }

  long integer(String name) throws CallException {
    if (!value(name).isIntegralNumber() || !value(name).canConvertToLong()) {
      throw CallException.invalidParameter(name);
    }
    return value(name).longValue();
  }

  JsonNode object(String name) throws CallException {
    if (!value(name).isObject()) {
      throw CallException.invalidParameter(name);
    }
    return value(name);
  }
}
