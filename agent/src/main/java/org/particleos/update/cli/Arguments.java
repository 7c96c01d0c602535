package org.particleos.update.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Range;
import picocli.CommandLine.ScopeType;

/**
 * The options and arguments that a command takes, in the order of its help text. They are described
 * to picocli one by one, without its annotations: to read those takes longer than most verbs run.
 */
final class Arguments {
  private final ScopeType scope;
  private final List<ArgSpec> all = new ArrayList<>();

  private Arguments(ScopeType scope) {
    this.scope = scope;
  }

  /** Taken before and after the name of any verb. */
  static Arguments everywhere() {
    return new Arguments(ScopeType.INHERIT);
  }

  /** Taken by one command only. */
  static Arguments ofOneCommand() {
    return new Arguments(ScopeType.LOCAL);
  }

  /** An option that is there or not. */
  Given flag(String description, String... names) {
    return add(flag(names).description(description).build());
  }

  /** The same, which help does not tell about. */
  Given hiddenFlag(String description, String... names) {
    return add(flag(names).description(description).hidden(true).build());
  }

  /** An option with a value. */
  Given option(String label, String description, String... names) {
    return add(option(names).paramLabel(label).description(description).build());
  }

  /** The same, which help does not tell about. */
  Given hiddenOption(String label, String description, String... names) {
    return add(option(names).paramLabel(label).description(description).hidden(true).build());
  }

  /** A word that is no option. */
  Given word(String arity, String label, String description) {
    return add(word(arity, label).type(String.class).description(description).build());
  }

  /** Several words that are no options. */
  Given words(String arity, String label, String description) {
    return add(
        word(arity, label)
            .type(List.class)
            .auxiliaryTypes(String.class)
            .description(description)
            .build());
  }

  private OptionSpec.Builder flag(String... names) {
    return OptionSpec.builder(names).scopeType(scope).type(boolean.class);
  }

  private OptionSpec.Builder option(String... names) {
    return OptionSpec.builder(names).scopeType(scope).type(String.class);
  }

  private PositionalParamSpec.Builder word(String arity, String label) {
    return PositionalParamSpec.builder()
        .scopeType(scope)
        .arity(arity)
        .required(Range.valueOf(arity).min() > 0)
        .paramLabel(label);
  }

  private Given add(ArgSpec argument) {
    all.add(argument);
    return new Given(argument);
  }

  /** Makes a command take them. */
  void addTo(CommandSpec command) {
    all.forEach(command::add);
  }

  /** Makes a command take what every command takes. */
  static void addHelp(CommandSpec command) {
    command
        .addOption(
            OptionSpec.builder("-h", "--help")
                .type(boolean.class)
                .usageHelp(true)
                .description("Show this help message and exit.")
                .build())
        .addOption(
            OptionSpec.builder("-V", "--version")
                .type(boolean.class)
                .versionHelp(true)
                .description("Print version information and exit.")
                .build());
  }
}
