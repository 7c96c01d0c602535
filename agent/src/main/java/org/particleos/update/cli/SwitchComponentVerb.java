package org.particleos.update.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.particleos.update.cli.GlobalOptions.Choice;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.ComponentList;

/** Switches components on or off (update-algorithm.md 6.9). */
abstract sealed class SwitchComponentVerb extends Verb {
  static final class Enable extends SwitchComponentVerb {
    Enable() {
      super("enable-component", "Switch components on, so that they are updated.", true);
    }
  }

  static final class Disable extends SwitchComponentVerb {
    Disable() {
      super(
          "disable-component",
          "Switch components off: they stay as they are and are not updated.",
          false);
    }
  }

  private final Given names = arguments().words("0..*", "COMPONENT", "Names of components.");

  private final boolean enable;

  private SwitchComponentVerb(String name, String description, boolean enable) {
    super(
        name,
        description,
        Spelling.REFERENCE,
        Access.CHANGES,
        1,
        Set.of(
            Choice.COMPONENT,
            Choice.COMPONENT_ALL,
            Choice.COMPONENT_SUGGESTED,
            Choice.OTHER_SYSTEM));
    this.enable = enable;
  }

  @Override
  ExitStatus run() throws UpdateException {
    List<String> selectors = options().componentSelectors();
    if (selectors.size() > 1) {
      throw usage(String.join(" and ", selectors) + " contradict each other: give one, not both");
    }
    if (!selectors.isEmpty() && !names.words().isEmpty()) {
      throw usage("components are either named or selected by an option, not both");
    }
    if (selectors.isEmpty() && names.words().isEmpty()) {
      throw usage("No component specified.");
    }
    var list = ComponentList.of(machine(), progress());
    List<String> chosen = chosen(list);
    if (chosen.isEmpty()) {
      terminal().err().println("No components selected.");
    }
    list.requireAll(chosen);
    for (String name : chosen) {
      list.switchTo(enable, name, caller())
          .ifPresent(text -> terminal().err().println("Warning: " + text));
      terminal()
          .err()
          .println("Component " + Quote.quote(name) + (enable ? " enabled." : " disabled."));
    }
    return ExitStatus.OK;
  }

  private List<String> chosen(ComponentList list) {
    if (!names.words().isEmpty()) {
      return names.words();
    }
    if (options().componentAll()) {
      return list.names();
    }
    if (options().componentSuggested()) {
      List<String> suggested = new ArrayList<>();
      for (ComponentList.Listed listed : list.loadable()) {
        String name = listed.component().name();
        if (Views.selected(terminal(), "component", name, listed.suggested())) {
          suggested.add(name);
        }
      }
      return suggested;
    }
    return options().component().map(List::of).orElse(List.of());
  }

  private static UpdateException usage(String what) {
    return UpdateException.because(Reason.OPTION_INVALID, what)
        .state("nothing was changed")
        .remedy(
            "name components, or use one of --component=, --component-all and"
                + " --component-suggested")
        .configuration();
  }
}
