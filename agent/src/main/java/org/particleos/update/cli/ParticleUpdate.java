package org.particleos.update.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.particleos.update.failure.Errno;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** The program; without a verb it lists versions, as the reference does. */
final class ParticleUpdate implements Callable<Integer> {
  static final String NAME = "particle-update";

  /** Called by this name the program takes the reference's command line and nothing else. */
  static final String REFERENCE_NAME = "systemd-sysupdate";

  /** Verbs that the reference does not have. */
  private static final List<String> OWN_VERBS =
      List.of(
          "check",
          "apply",
          "status",
          "history",
          "doctor",
          "verify",
          "quarantine",
          "lift-quarantine",
          "health",
          "boot-loader",
          "pack",
          "daemon",
          "policy",
          "generate-completion");

  private final Context context;

  private final CommandSpec command = CommandSpec.wrapWithoutInspection(this).name(NAME);
  private final GlobalOptions options = new GlobalOptions();

  ParticleUpdate(Context context) {
    this.context = context;
    options.addTo(command);
    Arguments.addHelp(command);
    command
        .usageMessage()
        .sortOptions(false)
        .header("Keeps an immutable Linux system up to date from a signed server.%n")
        .synopsisHeading("Usage: ")
        .customSynopsis("particle-update [OPTIONS] VERB [VERSION]")
        .commandListHeading("%nVerbs:%n")
        .optionListHeading("%nOptions:%n")
        .footerHeading("%nExit statuses:%n")
        .footer(
            "The verbs update, acquire, check-new, list, vacuum and pending end with 0 or 1 like"
                + " those",
            "of systemd-sysupdate; check, apply, status, history, doctor, verify, quarantine,",
            "lift-quarantine, health, boot-loader and pack with one of the above.",
            "",
            "Start with: particle-update check");
  }

  GlobalOptions options() {
    return options;
  }

  Context context() {
    return context;
  }

  @Override
  public Integer call() {
    if (options.introspect()) {
      Introspection.print(context.terminal().out(), command);
      return ExitStatus.OK.code();
    }
    var list = new ListVerb();
    list.belongTo(this);
    return list.call();
  }

  /**
   * Runs the program.
   *
   * @param words of the command line
   * @return the exit status
   */
  static int run(Context context, String... words) {
    if (words.length == 1 && words[0].equals("--version")) {
      // Asked by scripts all the time, and answered before picocli has woken up.
      context.terminal().out().println(version(context));
      return ExitStatus.OK.code();
    }
    Set<String> meant = Verbs.meantBy(words);
    CommandLine line = commandLine(context, meant);
    if (!meant.equals(Verbs.names())) {
      // Whoever makes a mistake, or asks for help, is told about all verbs.
      line.setParameterExceptionHandler(
          (_, arguments) -> commandLine(context, Verbs.names()).execute(arguments));
      CommandLine.IExecutionStrategy usual = line.getExecutionStrategy();
      line.setExecutionStrategy(parsed ->
          parsed.isUsageHelpRequested()
              ? commandLine(context, Verbs.names()).execute(words)
              : usual.execute(parsed));
    }
    return line.execute(words);
  }

  /**
   * A command line of this program, ready to run.
   *
   * @param verbs those that it takes
   */
  private static CommandLine commandLine(Context context, Set<String> verbs) {
    var program = new ParticleUpdate(context);
    var line = new CommandLine(program.command);
    for (String name : verbs) {
      if (name.equals(Verbs.COMPLETION)) {
        line.addSubcommand(AutoComplete.GenerateCompletion.class);
      } else {
        Verb verb = Verbs.named(name);
        verb.belongTo(program);
        line.addSubcommand(verb.command());
      }
    }
    if (context.programName().equals(REFERENCE_NAME)) {
      takeReferencesCommandLine(line);
    }
    line.setOut(writer(context.terminal().out()));
    line.setErr(writer(context.terminal().err()));
    // As with getopt: of an option that is given again the last value counts, and an empty one
    // takes it back.
    line.setOverwrittenOptionsAllowed(true);
    line.setExpandAtFiles(false);
    line.setAbbreviatedOptionsAllowed(true);
    CommandLine.IParameterExceptionHandler usual = line.getParameterExceptionHandler();
    line.setParameterExceptionHandler((wrong, arguments) -> {
      context.ending().failed(Errno.EINVAL);
      return usual.handleParseException(wrong, arguments);
    });
    line.setUsageHelpAutoWidth(false);
    line.setUsageHelpWidth(100);
    for (CommandLine verb : line.getSubcommands().values()) {
      if (verb.getCommandSpec().findOption("--help") == null) {
        Arguments.addHelp(verb.getCommandSpec());
      }
    }
    line.getCommandSpec().versionProvider(() -> new String[] {version(context)});
    if (!context.programName().equals(REFERENCE_NAME)) {
      line.getCommandSpec().usageMessage().exitCodeList(exitStatuses());
      line.getCommandSpec().usageMessage().exitCodeListHeading("%nExit statuses:%n");
    }
    line.getCommandSpec().usageMessage().footerHeading("%n");
    return line;
  }

  private static String version(Context context) {
    return "particle-update " + context.programVersion();
  }

  private static void takeReferencesCommandLine(CommandLine line) {
    for (String verb : OWN_VERBS) {
      if (line.getSubcommands().containsKey(verb)) {
        line.getCommandSpec().removeSubcommand(verb);
      }
    }
    line.setCommandName(REFERENCE_NAME);
    line.getCommandSpec().exitCodeOnInvalidInput(ExitStatus.FAILED.code());
    line.getCommandSpec()
        .usageMessage()
        .header("Keeps a Linux system up to date; particle-update by another name.%n")
        .customSynopsis(REFERENCE_NAME + " [OPTIONS] VERB [VERSION]")
        .footer("Exit status 0: done, or yes. 1: failed, or no.");
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, StandardCharsets.UTF_8);
  }

  private static Map<String, String> exitStatuses() {
    var statuses = new LinkedHashMap<String, String>();
    for (ExitStatus status : ExitStatus.values()) {
      statuses.put(Integer.toString(status.code()), status.meaning());
    }
    return statuses;
  }
}
