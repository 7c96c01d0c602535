package org.particleos.update.varlink;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.definition.SafeName;
import org.particleos.update.service.TargetClass;
import org.particleos.update.service.TargetId;

/** How clients name a target (dbus-varlink.md 9.2). */
final class TargetIdentifier {
  static final String PARAMETER = "target";

  private static final Set<String> MEMBERS = Set.of("class", "name");

  private TargetIdentifier() {}

  /** What was named, whether there is one or not. */
  static TargetId read(Parameters parameters) throws CallException {
    return parse(parameters.object(PARAMETER))
        .orElseThrow(() -> CallException.invalidParameter(PARAMETER));
  }

  private static Optional<TargetId> parse(JsonNode node) {
    JsonNode name = node.path("name");
    boolean named = name.isTextual();
    boolean nothingElse =
        node.properties().stream().allMatch(member -> MEMBERS.contains(member.getKey()))
            && (named || name.isNull() || name.isMissingNode());
    if (!nothingElse || !node.path("class").isTextual()) {
      return Optional.empty();
    }
    Optional<TargetClass> kind = TargetClass.parse(node.path("class").textValue());
    if (kind.isEmpty()) {
      return Optional.empty();
    }
    return switch (kind.get()) {
      case HOST -> named ? Optional.empty() : Optional.of(TargetId.HOST);
      case COMPONENT ->
          named && SafeName.isComponent(name.textValue())
              ? Optional.of(TargetId.component(name.textValue()))
              : Optional.empty();
      case MACHINE, PORTABLE, SYSEXT, CONFEXT ->
          named && !name.textValue().isEmpty()
              ? Optional.of(new TargetId(kind.get(), name.textValue()))
              : Optional.empty();
    };
  }

  static ObjectNode write(TargetId id) {
    ObjectNode node = Reply.parameters().put("class", id.targetClass().text());
    return switch (id.targetClass()) {
      case HOST -> node.putNull("name");
      case MACHINE, PORTABLE, SYSEXT, CONFEXT, COMPONENT -> node.put("name", id.name());
    };
  }

  /** For the administrator's rules, as on D-Bus (dbus-varlink.md 8). */
  static Map<String, String> details(TargetId id) {
    Map<String, String> details = new LinkedHashMap<>();
    details.put("class", id.targetClass().text());
    details.put("name", id.name());
    return details;
  }
}
