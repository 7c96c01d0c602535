package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;
import org.particleos.update.cli.GlobalOptions.Choice;
import org.particleos.update.definition.Component;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.ComponentList;

/** What has versions of its own on this system (update-algorithm.md 19.7). */
final class ComponentsVerb extends Verb {
  ComponentsVerb() {
    super(
        "components",
        "List the components: what has versions of its own on this system.",
        Spelling.REFERENCE,
        Access.READ_ONLY,
        1,
        Set.of(Choice.COMPONENT, Choice.OTHER_SYSTEM));
  }

  @Override
  ExitStatus run() throws UpdateException {
    JsonMode json = options().json();
    var list = ComponentList.of(machine(), progress());
    boolean host = list.defaultExists();
    List<ComponentList.Listed> components = list.loadable();
    if (json != JsonMode.OFF) {
      ObjectNode node = Json.object();
      node.put("default", host);
      ArrayNode names = node.putArray("components");
      components.forEach(listed -> names.add(listed.component().name()));
      Json.print(terminal().out(), json, node);
    } else if (!host && components.isEmpty()) {
      terminal().err().println("No components defined.");
    } else {
      new Pager(terminal(), context().machine().environment(), options().pager())
          .show(table(host, components).text(options().legend()));
    }
    return ExitStatus.OK;
  }

  private Table table(boolean host, List<ComponentList.Listed> components) {
    var table = new Table("ENABLED", "SUGGESTED", "COMPONENT", "DESCRIPTION", "DOCUMENTATION");
    if (host) {
      table.add(List.of("-", "-", "<default>", "Default Component", "-"));
    }
    for (ComponentList.Listed listed : components) {
      Component component = listed.component();
      table.add(
          List.of(
              Views.tick(terminal(), component.enabled()),
              Views.suggested(terminal(), listed.suggested()),
              component.name(),
              component.description().orElse("-"),
              component.documentation().isEmpty()
                  ? "-"
                  : String.join(" ", component.documentation())));
    }
    return table;
  }
}
