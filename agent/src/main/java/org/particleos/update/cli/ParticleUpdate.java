package org.particleos.update.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The program; without a verb it lists versions, as the reference does. */
@Command(
    name = "particle-update",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    header = "Keeps an immutable Linux system up to date from a signed server.%n",
    synopsisHeading = "Usage: ",
    customSynopsis = "particle-update [OPTIONS] VERB [VERSION]",
    commandListHeading = "%nVerbs:%n",
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExit statuses:%n",
    footer = {
      "The verbs update, acquire, check-new, list, vacuum and pending end with 0 or 1 like those",
      "of systemd-sysupdate; check, apply and status with one of the above.",
      "",
      "Start with: particle-update check"
    },
    subcommands = {
      CheckVerb.class,
      ApplyVerb.class,
      StatusVerb.class,
      ListVerb.class,
      CheckNewVerb.class,
      UpdateVerb.class,
      AcquireVerb.class,
      VacuumVerb.class,
      PendingVerb.class,
      AutoComplete.GenerateCompletion.class
    })
final class ParticleUpdate implements Callable<Integer> {
  private final Context context;

  @Mixin private final GlobalOptions options = new GlobalOptions();

  ParticleUpdate(Context context) {
    this.context = context;
  }

  GlobalOptions options() {
    return options;
  }

  Context context() {
    return context;
  }

  @Override
  public Integer call() {
    var list = new ListVerb();
    list.belongTo(this);
    return list.call();
  }

  /** The parsed command line of this program, ready to run. */
  static CommandLine commandLine(Context context) {
    var line = new CommandLine(new ParticleUpdate(context));
    line.setOut(writer(context.terminal().out()));
    line.setErr(writer(context.terminal().err()));
    line.setUsageHelpAutoWidth(false);
    line.setUsageHelpWidth(100);
    for (CommandLine verb : line.getSubcommands().values()) {
      if (verb.getCommandSpec().findOption("--help") == null) {
        verb.getCommandSpec().mixinStandardHelpOptions(true);
      }
    }
    line.getCommandSpec()
        .versionProvider(() -> new String[] {"particle-update " + context.programVersion()});
    line.getCommandSpec().usageMessage().exitCodeList(exitStatuses());
    line.getCommandSpec().usageMessage().exitCodeListHeading("%nExit statuses:%n");
    line.getCommandSpec().usageMessage().footerHeading("%n");
    return line;
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
