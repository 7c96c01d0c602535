package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Verbs and options for programs ({@code --introspect-cli}, update-algorithm.md 18.1). */
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
                  .put("arity", parameter.arity().toString()));
    }
    ArrayNode options = node.putArray("options");
    for (OptionSpec option : program.options()) {
      if (!option.hidden()) {
        ObjectNode one = options.addObject();
        ArrayNode names = one.putArray("names");
        for (String name : option.names()) {
          names.add(name);
        }
        one.put("argument", option.arity().max() == 0 ? null : option.paramLabel());
        one.put("description", String.join(" ", option.description()));
      }
    }
    Json.print(out, JsonMode.PRETTY, node);
  }
}
