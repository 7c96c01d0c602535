package org.particleos.update.cli;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The verbs by their names, in the order of the help text. To describe all of them to picocli takes
 * longer than most verbs run, so that only those are described which a command line can mean.
 */
final class Verbs {
  static final String COMPLETION = "generate-completion";

  private static final Set<String> NAMES =
      Collections.unmodifiableSet(
          new LinkedHashSet<>(
              List.of(
                  "check",
                  "apply",
                  "status",
                  "history",
                  "list",
                  "check-new",
                  "update",
                  "acquire",
                  "vacuum",
                  "cleanup",
                  "pending",
                  "reboot",
                  "features",
                  "enable-feature",
                  "disable-feature",
                  "components",
                  "enable-component",
                  "disable-component",
                  "doctor",
                  "verify",
                  "quarantine",
                  "lift-quarantine",
                  "health",
                  "boot-loader",
                  "pack",
                  "daemon",
                  "policy",
                  COMPLETION)));

  private Verbs() {}

  static Set<String> names() {
    return NAMES;
  }

  /** A verb by its name; not {@link #COMPLETION}, which is part of picocli. */
  static Verb named(String name) {
    return switch (name) {
      case "check" -> new CheckVerb();
      case "apply" -> new ApplyVerb();
      case "status" -> new StatusVerb();
      case "history" -> new HistoryVerb();
      case "list" -> new ListVerb();
      case "check-new" -> new CheckNewVerb();
      case "update" -> new UpdateVerb();
      case "acquire" -> new AcquireVerb();
      case "vacuum" -> new VacuumVerb();
      case "cleanup" -> new CleanupVerb();
      case "pending" -> new PendingVerb();
      case "reboot" -> new RebootVerb();
      case "features" -> new FeaturesVerb();
      case "enable-feature" -> new SwitchFeatureVerb.Enable();
      case "disable-feature" -> new SwitchFeatureVerb.Disable();
      case "components" -> new ComponentsVerb();
      case "enable-component" -> new SwitchComponentVerb.Enable();
      case "disable-component" -> new SwitchComponentVerb.Disable();
      case "doctor" -> new DoctorVerb();
      case "verify" -> new VerifyVerb();
      case "quarantine" -> new QuarantineVerb();
      case "lift-quarantine" -> new LiftQuarantineVerb();
      case "health" -> new HealthVerb();
      case "boot-loader" -> new BootLoaderVerb();
      case "pack" -> new PackVerb();
      case "daemon" -> new DaemonVerb();
      case "policy" -> new PolicyVerb();
      default -> throw new IllegalArgumentException("no verb: " + name);
    };
  }

  /**
   * Which verbs the words can mean, without knowing yet which of them are values of options: those
   * that they name. If they name none, or one that tells about all, it is all of them.
   */
  static Set<String> meantBy(String... words) {
    Set<String> meant = new LinkedHashSet<>(Arrays.asList(words));
    meant.retainAll(names());
    return meant.isEmpty() || meant.contains(COMPLETION) ? names() : meant;
  }
}
