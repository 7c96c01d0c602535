package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Verbs and options for programs ({@code --introspect-cli}, update-algorithm.md 18.1). The manual
 * page is made of it, too; so it has more than the reference's: the options that only one verb
 * takes, what arguments mean, and the exit statuses.
 */
final class Introspection {
  private Introspection() {}

  static void print(PrintStream out, CommandSpec program) {
    ObjectNode node = Json.object();
    ArrayNode verbs = node.putArray("verbs");
    for (CommandLine line : program.subcommands().values()) {
      CommandSpec verb = line.getCommandSpec();
      if (verb.usageMessage().hidden()) {
        continue;
      }
      ObjectNode one = verbs.addObject();
      one.put("name", verb.name());
      one.put("description", String.join(" ", verb.usageMessage().description()));
      ArrayNode arguments = one.putArray("arguments");
      verb.positionalParameters()
          .forEach(parameter ->
              arguments
                  .addObject()
                  .put("name", parameter.paramLabel())
                  .put("arity", parameter.arity().toString())
                  .put("description", String.join(" ", parameter.description())));
      ArrayNode own = one.putArray("options");
      verb.options().stream()
          .filter(option -> !isEverywhere(program, option))
          .forEach(option -> add(own, option));
    }
    ArrayNode options = node.putArray("options");
    program.options().forEach(option -> add(options, option));
    ArrayNode statuses = node.putArray("exitStatuses");
    program
        .usageMessage()
        .exitCodeList()
        .forEach((status, meaning) ->
            statuses.addObject().put("status", status).put("meaning", meaning));
    Json.print(out, JsonMode.PRETTY, node);
  }

  /** Verbs inherit the options of the program. */
  private static boolean isEverywhere(CommandSpec program, OptionSpec option) {
    return program.findOption(option.longestName()) != null;
  }

  private static void add(ArrayNode options, OptionSpec option) {
    if (option.hidden()) {
      return;
    }
    ObjectNode one = options.addObject();
    ArrayNode names = one.putArray("names");
    for (String name : option.names()) {
      names.add(name);
    }
    one.put("argument", option.arity().max() == 0 ? null : option.paramLabel());
    one.put("description", String.join(" ", option.description()));
  }
}
