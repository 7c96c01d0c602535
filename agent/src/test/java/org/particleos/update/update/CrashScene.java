package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.particleos.update.crash.Cut;
import org.particleos.update.crash.PowerCuts;
import org.particleos.update.crash.Recording;
import org.particleos.update.crash.RecordingKernel;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.judge.BootJudge;
import org.particleos.update.linux.Kernel;
import org.particleos.update.update.Laboratory.Part;

/**
 * A machine whose power is cut, what has to be true of it then, and how it goes on: the boot loader
 * takes its first choice, and the same command is given again.
 */
final class CrashScene {
  /** Prints everything, and takes minutes to hours: {@code -Dparticle-update.crash=long}. */
  private static final boolean LONG =
      System.getProperty("particle-update.crash", "").equals("long");

  /** Combinations after each change where not all are tried. */
  private static final int SAMPLES =
      Integer.getInteger("particle-update.crash.samples", LONG ? 2000 : 40);

  /** Of how many machines the command is given again. */
  private static final int CONTINUED =
      Integer.getInteger("particle-update.crash.continued", LONG ? 1000 : 20);

  /** The same where the command is given again and cut again. */
  private static final int SAMPLES_AGAIN = LONG ? 40 : 4;

  /** One in so many of the machines that are gone on with is cut again. */
  private static final int CUT_AGAIN_EVERY = 4;

  private static final RecordingKernel.Faults NO_FAULTS = (_, _, _) -> {};

  private static final long SEED = Long.getLong("particle-update.crash.seed", 1);

  /** More tell nothing new. */
  private static final int VIOLATIONS_SHOWN_MAX = 5;

  static final String MENU = "esp/EFI/Linux";

  private final Path home;
  private final Laboratory machine;
  private final Set<String> genuine;
  private final List<Rule> rules = new ArrayList<>();
  private final List<Rule> rulesAtEnd = new ArrayList<>();
  private int machinesCutAgain;
  private boolean staying;
  private String running = "";
  private String wanted = "";
  private Optional<String> kept = Optional.empty();
  private Optional<String> damaged = Optional.empty();

  CrashScene(Path home, ReleaseServer server, Release... releases) {
    this.home = home;
    this.machine = new Laboratory(home, server);
    this.genuine = BootableRelease.genuine(releases);
  }

  /** What a machine is told to do. */
  @FunctionalInterface
  interface Command {
    void run(Laboratory machine, Kernel kernel) throws UpdateException;
  }

  /** Something that is true of a machine, beyond what it boots. */
  @FunctionalInterface
  interface Rule {
    /** What is wrong, a sentence each. */
    List<String> violations(Cut cut, BootJudge judge);
  }

  Laboratory machine() {
    return machine;
  }

  /** The version that runs when the command is given. */
  CrashScene running(String version) throws IOException {
    running = version;
    boot(version);
    return this;
  }

  /** The links of the definitions lead to these slots before, and to the others in the end. */
  CrashScene linked(int slot) throws IOException {
    for (Part part : Part.values()) {
      String before = "disk.raw" + part.number(slot);
      String after = "disk.raw" + part.number(1 - slot);
      Files.createSymbolicLink(machine.link(part), Path.of(before));
      String link = home.relativize(machine.link(part)).toString();
      rules.add((cut, _) -> {
        String leads = cut.link(link).orElse("nothing");
        return leads.equals(before) || leads.equals(after)
            ? List.of()
            : List.of(link + " leads to " + leads);
      });
      rulesAtEnd.add((cut, _) -> {
        String leads = cut.link(link).orElse("nothing");
        return leads.equals(after) ? List.of() : List.of(link + " still leads to " + leads);
      });
    }
    return this;
  }

  /** What has to be installed in the end. */
  CrashScene wanting(String version) {
    wanted = version;
    return this;
  }

  /** What has to boot all the time. */
  CrashScene keeping(String version) {
    kept = Optional.of(version);
    return this;
  }

  /** The machine is told to boot the same version again, whatever its first choice is. */
  CrashScene staying() {
    staying = true;
    return this;
  }

  /** A version whose slots are damaged from the start; the others do not have to wait for it. */
  CrashScene damaged(String version) {
    damaged = Optional.of(version);
    return this;
  }

  /** A file of the boot menu. */
  Path menu(String name) {
    return home.resolve(MENU).resolve(name);
  }

  /** What has to be true all the time. */
  CrashScene always(Rule rule) {
    rules.add(rule);
    return this;
  }

  /** What has to be true in the end. */
  CrashScene inTheEnd(Rule rule) {
    rulesAtEnd.add(rule);
    return this;
  }

  /** Another version than before is started. */
  private void boot(String version) throws IOException {
    Files.writeString(
        home.resolve("os-release"), "ID=test\nIMAGE_ID=os\nIMAGE_VERSION=" + version + "\n");
  }

  RecordingKernel recorder(RecordingKernel.Faults faults) throws IOException {
    Files.createDirectories(home.resolve("locks"));
    return RecordingKernel.below(
        home,
        Set.of(home.resolve("definitions"), home.resolve("os-release"), home.resolve("locks")),
        machine.esp(),
        machine.disk(),
        new UnhurriedKernel(),
        faults);
  }

  private BootJudge judge(Cut cut) {
    return BootJudge.of(
        cut.file("disk.raw").orElseThrow(), Laboratory.SECTOR, cut.files(MENU), genuine);
  }

  /** The rules of every moment. */
  List<String> violations(Cut cut) {
    BootJudge judge = judge(cut);
    List<String> found = new ArrayList<>();
    judge.menu().stream()
        .filter(entry -> !entry.boots() && !damaged.equals(Optional.of(entry.version())))
        .forEach(entry -> found.add(entry.file() + ": " + entry.lacking().orElseThrow()));
    if (kept.isPresent() && !judge.boots(kept.get())) {
      found.add("version " + kept.get() + " does not boot");
    }
    if (kept.isPresent()
        && damaged.isEmpty()
        && judge.chosen().filter(BootJudge.Entry::boots).isEmpty()) {
      found.add("the first choice of the boot loader does not boot");
    }
    rules.forEach(rule -> found.addAll(rule.violations(cut, judge)));
    return found;
  }

  private List<String> violationsAtEnd(Cut cut) {
    List<String> found = violations(cut);
    BootJudge judge = judge(cut);
    if (!judge.boots(wanted)) {
      found.add("version " + wanted + " does not boot after the command was given again");
    }
    cut.files(MENU).keySet().stream()
        .filter(name -> name.startsWith("."))
        .forEach(name -> found.add("left behind: " + name));
    rulesAtEnd.forEach(rule -> found.addAll(rule.violations(cut, judge)));
    return found;
  }

  /**
   * Records the command, then cuts it everywhere.
   *
   * @param again what is given on a machine whose power was cut
   */
  void sweep(String name, Command command, Command again) throws Exception {
    RecordingKernel recorder = recorder(NO_FAULTS);
    command.run(machine, recorder);
    Recording recording = recorder.recording();
    requireComplete(recording);
    var random = new Random(SEED);
    List<Cut> chosen = new ArrayList<>();
    List<String> violations = new ArrayList<>();
    int[] seen = new int[1];
    int states =
        new PowerCuts(recording, SEED, SAMPLES)
            .forEach(cut -> {
              List<String> found = violations(cut);
              if (!found.isEmpty()) {
                violations.add(cut + ": " + found);
              }
              // Each of them is among the chosen ones with the same probability in the end.
              int place = random.nextInt(++seen[0]);
              if (chosen.size() < CONTINUED) {
                chosen.add(cut);
              } else if (place < CONTINUED) {
                chosen.set(place, cut);
              }
              return true;
            });
    machinesCutAgain = 0;
    for (int i = 0; i < chosen.size(); i++) {
      Cut cut = chosen.get(i);
      try {
        List<String> found = goOn(cut, again, i % CUT_AGAIN_EVERY == 0);
        if (!found.isEmpty()) {
          violations.add("gone on with " + cut + ": " + found);
        }
      } catch (UpdateException e) {
        violations.add("gone on with " + cut + ": " + e + " " + e.found());
      }
    }
    System.out.printf(
        "power cuts: %-24s %4d changes, %6d machines, %5d gone on with, %6d cut again, %d"
            + " violations, seed %d%n",
        name,
        recording.operations(),
        states,
        chosen.size(),
        machinesCutAgain,
        violations.size(),
        SEED);
    if (!violations.isEmpty()) {
      throw new AssertionError(
          violations.size()
              + " violations: "
              + String.join(
                  "\n  ",
                  violations.subList(0, Math.min(VIOLATIONS_SHOWN_MAX, violations.size()))));
    }
  }

  /** How many of the machines that a power cut can leave break a rule. */
  int violations(Recording recording) {
    int[] broken = new int[1];
    new PowerCuts(recording, SEED, SAMPLES)
        .forEach(cut -> {
          broken[0] += violations(cut).isEmpty() ? 0 : 1;
          return true;
        });
    return broken[0];
  }

  /** What the command changes. */
  Recording record(Command command) throws Exception {
    RecordingKernel recorder = recorder(NO_FAULTS);
    command.run(machine, recorder);
    return recorder.recording();
  }

  /** The boot loader takes its first choice and one of its tries; then the command is given. */
  private List<String> goOn(Cut cut, Command again, boolean cutAgain) throws Exception {
    cut.materialise(home);
    define();
    Optional<BootJudge.Entry> first =
        judge(cut).menu().stream()
            .filter(entry -> entry.boots() && (!staying || entry.version().equals(running)))
            .findFirst();
    boot(first.map(BootJudge.Entry::version).orElse(running));
    if (first.isPresent() && !first.get().afterATry().equals(first.get().file())) {
      Path menu = home.resolve(MENU);
      Files.move(menu.resolve(first.get().file()), menu.resolve(first.get().afterATry()));
    }
    RecordingKernel recorder = recorder(NO_FAULTS);
    again.run(machine, recorder);
    List<String> found = new ArrayList<>();
    if (cutAgain) {
      Recording second = recorder.recording();
      machinesCutAgain +=
          new PowerCuts(second, SEED, SAMPLES_AGAIN)
              .forEach(twice -> {
                violations(twice).forEach(what -> found.add("cut again, " + twice + ": " + what));
                return true;
              });
    }
    Cut end = standing();
    if (end.names(MENU).stream().anyMatch(name -> name.startsWith("."))) {
      // Half a rename on a file system without a journal leaves both names: room, and no harm.
      try (var updater = machine.updater(new UnhurriedKernel())) {
        var _ = updater.vacuum("test");
      }
      end = standing();
    }
    found.addAll(violationsAtEnd(end));
    return found;
  }

  /** The machine as it stands there now. */
  private Cut standing() throws IOException {
    return recorder(NO_FAULTS).recording().everything();
  }

  /** What does not belong to the machine was not recorded and is gone. */
  private void define() throws IOException {
    machine.define();
    Files.createDirectories(home.resolve("locks"));
  }

  /** What the recording says is what is there: nothing reached storage unseen. */
  private void requireComplete(Recording recording) throws IOException {
    Map<String, String> recorded = recording.everything().tree("");
    Map<String, String> real = recorder(NO_FAULTS).recording().everything().tree("");
    if (!recorded.equals(real)) {
      var difference = new TreeMap<>(recorded);
      difference.entrySet().removeAll(real.entrySet());
      var other = new TreeMap<>(real);
      other.entrySet().removeAll(recorded.entrySet());
      throw new AssertionError("recorded " + difference.keySet() + ", there is " + other.keySet());
    }
  }
}
