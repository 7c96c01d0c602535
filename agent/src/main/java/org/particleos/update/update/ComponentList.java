package org.particleos.update.update;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.particleos.update.definition.Component;
import org.particleos.update.definition.Components;
import org.particleos.update.definition.ConditionFacts;
import org.particleos.update.definition.DefinitionLoader;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.definition.Definitions;
import org.particleos.update.definition.Enablement;
import org.particleos.update.definition.HostFacts;
import org.particleos.update.definition.SafeName;
import org.particleos.update.definition.Suggestion;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** The components of a system: what there is, and switching (transfer-files.md 17). */
public final class ComponentList {
  /** A component that can be loaded. */
  public record Listed(Component component, Suggestion.Verdict suggested) {}

  private final Machine machine;
  private final UpdateEvent.Observer observer;
  private final Components components;

  private ComponentList(Machine machine, UpdateEvent.Observer observer, Components components) {
    this.machine = machine;
    this.observer = observer;
    this.components = components;
  }

  public static ComponentList of(Machine machine, UpdateEvent.Observer observer) {
    Components found = Components.list(machine.root());
    found.warnings().forEach(warning -> observer.on(new UpdateEvent.Warning(warning.toString())));
    return new ComponentList(machine, observer, found);
  }

  /** All that have a directory, by name in byte order. */
  public List<String> names() {
    return components.names();
  }

  /** Whether the operating system itself has transfers, enabled or not. */
  public boolean defaultExists() throws UpdateException {
    var host = Settings.of(new DefinitionPlace.Host(machine.root()));
    Definitions definitions = Installation.definitions(machine, host, Installation.Need.NOTHING);
    return !definitions.enabled().isEmpty() || !definitions.disabled().isEmpty();
  }

  /** Those that can be loaded; of the others a warning is given. */
  public List<Listed> loadable() {
    var facts = ConditionFacts.ofHost(machine.environment());
    var loader = new DefinitionLoader(HostFacts.read(machine.root(), machine.environment()));
    List<Listed> listed = new ArrayList<>();
    for (String name : components.names()) {
      try {
        Component component = loader.component(new DefinitionPlace.Component(name, machine.root()));
        component
            .warnings()
            .forEach(warning -> observer.on(new UpdateEvent.Warning(warning.toString())));
        listed.add(new Listed(component, component.suggestion().evaluate(facts)));
      } catch (UpdateException e) {
        observer.on(
            new UpdateEvent.Warning(
                "left out component "
                    + Quote.quote(name)
                    + ": "
                    + e.getMessage()
                    + e.found().map(found -> " (" + found + ")").orElse("")));
      }
    }
    return listed;
  }

  /**
   * Checks that all are there, before anything is written.
   *
   * @throws UpdateException if one of the names is not that of a component
   */
  public void requireAll(List<String> names) throws UpdateException {
    for (String name : names) {
      if (!SafeName.isComponent(name)) {
        throw UpdateException.because(
                Reason.OPTION_INVALID, "Component name invalid: " + Quote.quote(name))
            .state("nothing was changed")
            .remedy("see which components there are: particle-update components")
            .configuration();
      }
    }
    for (String name : names) {
      if (!components.names().contains(name)) {
        throw UpdateException.because(
                Reason.COMPONENT_NOT_FOUND, "Component not found: " + Quote.quote(name))
            .state("nothing was changed")
            .remedy("see which components there are: particle-update components")
            .configuration();
      }
    }
  }

  /**
   * Switches one on or off.
   *
   * @param author who is told to have done it, in the file that is written
   * @return where the administrator has said the opposite with the last word
   */
  public Optional<String> switchTo(boolean enabled, String name, String author)
      throws UpdateException {
    return new Enablement(machine.kernel(), machine.root())
        .set(new Enablement.Subject.OfComponent(name), enabled, author)
        .overriddenBy()
        .map(Object::toString);
  }
}
