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
import java.util.stream.Stream;
import org.particleos.update.crash.Cut;
import org.particleos.update.crash.PowerCuts;
import org.particleos.update.crash.Recording;
import org.particleos.update.crash.RecordingKernel;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.judge.BootJudge;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.LinuxException;
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

  /** One in so many changes fails, unless there is time for all of them. */
  private static final int FAULTS_ONE_IN = 12;

  private static final RecordingKernel.Faults NO_FAULTS = (_, _, _) -> {};

  private static final long SEED = Long.getLong("particle-update.crash.seed", 1);

  /** More tell nothing new. */
  private static final int VIOLATIONS_SHOWN_MAX = 5;

  static final String MENU = "esp/EFI/Linux";

  /** Of the ESP on the second disk, on a machine that has one. */
  static final String SECOND_MENU = "esp2/EFI/Linux";

  private final Path home;
  private final Laboratory machine;
  private final Set<String> genuine;
  private final List<Rule> rules = new ArrayList<>();
  private final List<Rule> rulesAtEnd = new ArrayList<>();
  private final List<String> menus = new ArrayList<>(List.of(MENU));
  private List<String> eitherOnSecond = List.of();
  private Kernel kernel = new UnhurriedKernel();
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

  /**
   * The machine has another disk with an ESP, which has to be as good to start from. It holds what
   * the first one does now.
   */
  CrashScene withSecondEsp() throws IOException {
    Path second = home.resolve("esp2");
    kernel = new MountedKernel().mounted(machine.esp()).mounted(second);
    menus.add(SECOND_MENU);
    Files.createDirectories(home.resolve(SECOND_MENU));
    try (Stream<Path> entries = Files.list(home.resolve(MENU))) {
      for (Path entry : entries.toList()) {
        Files.copy(entry, home.resolve(SECOND_MENU).resolve(entry.getFileName()));
      }
    }
    machine.line("90-uki", "Target", "AlsoTo=" + second).define();
    return this;
  }

  /** From the second disk one of these has to boot all the time, whatever has to from the first. */
  CrashScene secondBootsOneOf(String... versions) {
    eitherOnSecond = List.of(versions);
    return this;
  }

  /** A file of the boot menu on the second disk. */
  Path secondMenu(String name) {
    return home.resolve(SECOND_MENU).resolve(name);
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
        home.resolve("esp2"),
        machine.disk(),
        kernel,
        faults);
  }

  private BootJudge judge(Cut cut, String menu) {
    return BootJudge.of(
        cut.file("disk.raw").orElseThrow(), Laboratory.SECTOR, cut.files(menu), genuine);
  }

  /** The rules of every moment. */
  List<String> violations(Cut cut) {
    List<String> found = new ArrayList<>();
    for (String menu : menus) {
      BootJudge judge = judge(cut, menu);
      String where = menu + ": ";
      judge.menu().stream()
          .filter(entry -> !entry.boots() && !damaged.equals(Optional.of(entry.version())))
          .forEach(entry -> found.add(where + entry.file() + ": " + entry.lacking().orElseThrow()));
      boolean either = menu.equals(SECOND_MENU) && !eitherOnSecond.isEmpty();
      List<String> enough = either ? eitherOnSecond : kept.stream().toList();
      if (!enough.isEmpty() && enough.stream().noneMatch(judge::boots)) {
        found.add(where + "version " + String.join(" or ", enough) + " does not boot");
      }
      if (kept.isPresent()
          && damaged.isEmpty()
          && judge.chosen().filter(BootJudge.Entry::boots).isEmpty()) {
        found.add(where + "the first choice of the boot loader does not boot");
      }
    }
    BootJudge judge = judge(cut, MENU);
    rules.forEach(rule -> found.addAll(rule.violations(cut, judge)));
    return found;
  }

  private List<String> violationsAtEnd(Cut cut) {
    List<String> found = violations(cut);
    BootJudge judge = judge(cut, MENU);
    for (String menu : menus) {
      if (!judge(cut, menu).boots(wanted)) {
        found.add(
            menu + ": version " + wanted + " does not boot after the command was given again");
      }
      cut.files(menu).keySet().stream()
          .filter(name -> name.startsWith("."))
          .forEach(name -> found.add("left behind: " + menu + "/" + name));
    }
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
        List<String> found =
            goOn(cut, menus.get(i % menus.size()), again, i % CUT_AGAIN_EVERY == 0);
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
    requireNone(violations);
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

  /** What goes wrong with a change. */
  enum Fault {
    /** One error of the device, and then it works again. */
    ERROR_ONCE(Errno.EIO, false),
    /** The device is broken from then on. */
    ERROR_FROM_NOW(Errno.EIO, true),
    /** Nothing can be written any more. */
    FULL(Errno.ENOSPC, true);

    private final Errno errno;
    private final boolean lasting;

    Fault(Errno errno, boolean lasting) {
      this.errno = errno;
      this.lasting = lasting;
    }

    RecordingKernel.Faults at(int change) {
      return (number, operation, path) -> {
        if (number == change || (lasting && number > change)) {
          throw new LinuxException(errno.number(), operation, path.toString(), errno.name());
        }
      };
    }
  }

  /** Lets each change fail, starts the machine again and gives the command again. */
  void faults(String name, Fault fault, Command command, Command again) throws Exception {
    Cut start = standing();
    RecordingKernel rehearsal = recorder(NO_FAULTS);
    command.run(machine, rehearsal);
    List<String> operations = rehearsal.asked();
    int changes = operations.size();
    var random = new Random(SEED);
    int tried = 0;
    int refused = 0;
    List<String> violations = new ArrayList<>();
    for (int change = 0; change < changes; change++) {
      // A payload is flushed seldom, and must be when it is said to be.
      boolean flush = operations.get(change).matches("sync .*\\.sysupdate\\..*");
      if (random.nextInt(FAULTS_ONE_IN) != 0 && !flush && !LONG) {
        continue;
      }
      tried++;
      start.materialise(home);
      define();
      boot(running);
      int told = machine.events().size();
      RecordingKernel recorder = recorder(fault.at(change));
      String where = fault + " at change " + change + " of " + changes + ", seed " + SEED;
      try {
        command.run(machine, recorder);
        boolean warned =
            machine.events().stream().skip(told).anyMatch(UpdateEvent.Warning.class::isInstance);
        if (!warned && recorder.asked().size() > change) {
          violations.add(where + ": nobody noticed");
        }
      } catch (UpdateException e) {
        refused++;
        if (e.state().isEmpty()) {
          violations.add(where + ": the error does not tell the state: " + e);
        }
      }
      Cut left = recorder.recording().everything();
      violations(left).forEach(what -> violations.add(where + ": " + what));
      try {
        goOn(left, MENU, again, false)
            .forEach(what -> violations.add(where + ", gone on: " + what));
      } catch (UpdateException e) {
        violations.add(where + ", gone on: " + e + " " + e.found());
      }
    }
    System.out.printf(
        "faults: %-24s %-14s %4d changes, %4d failed, %4d runs ended with an error, %d violations,"
            + " seed %d%n",
        name, fault, changes, tried, refused, violations.size(), SEED);
    requireNone(violations);
  }

  private static void requireNone(List<String> violations) {
    if (!violations.isEmpty()) {
      throw new AssertionError(
          violations.size()
              + " violations: "
              + String.join(
                  "\n  ",
                  violations.subList(0, Math.min(VIOLATIONS_SHOWN_MAX, violations.size()))));
    }
  }

  /**
   * The boot loader takes its first choice and one of its tries; then the command is given.
   *
   * @param from the menu of the disk that the firmware takes
   */
  private List<String> goOn(Cut cut, String from, Command again, boolean cutAgain)
      throws Exception {
    cut.materialise(home);
    define();
    Optional<BootJudge.Entry> first =
        judge(cut, from).menu().stream()
            .filter(entry -> entry.boots() && (!staying || entry.version().equals(running)))
            .findFirst();
    boot(first.map(BootJudge.Entry::version).orElse(running));
    if (first.isPresent() && !first.get().afterATry().equals(first.get().file())) {
      Path menu = home.resolve(from);
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
    if (hasLeftovers(end)) {
      // Half a rename on a file system without a journal leaves both names: room, and no harm.
      try (var updater = machine.updater(kernel)) {
        var _ = updater.vacuum("test");
      }
      end = standing();
    }
    found.addAll(violationsAtEnd(end));
    return found;
  }

  private boolean hasLeftovers(Cut cut) {
    return menus.stream()
        .flatMap(menu -> cut.names(menu).stream())
        .anyMatch(name -> name.startsWith("."));
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
