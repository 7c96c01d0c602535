package org.particleos.update.cli;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import picocli.AutoComplete;

/**
 * The verbs by their names, in the order of the help text. To describe one of them to picocli takes
 * a hundredth of a second or two, and all of them together take longer than most verbs run, so that
 * only those are described which a command line can mean.
 */
final class Verbs {
  private static final String COMPLETION = "generate-completion";

  private static final Map<String, Class<?>> BY_NAME = byName();

  private Verbs() {}

  private static Map<String, Class<?>> byName() {
    Map<String, Class<?>> verbs = new LinkedHashMap<>();
    verbs.put("check", CheckVerb.class);
    verbs.put("apply", ApplyVerb.class);
    verbs.put("status", StatusVerb.class);
    verbs.put("history", HistoryVerb.class);
    verbs.put("list", ListVerb.class);
    verbs.put("check-new", CheckNewVerb.class);
    verbs.put("update", UpdateVerb.class);
    verbs.put("acquire", AcquireVerb.class);
    verbs.put("vacuum", VacuumVerb.class);
    verbs.put("cleanup", CleanupVerb.class);
    verbs.put("pending", PendingVerb.class);
    verbs.put("reboot", RebootVerb.class);
    verbs.put("features", FeaturesVerb.class);
    verbs.put("enable-feature", SwitchFeatureVerb.Enable.class);
    verbs.put("disable-feature", SwitchFeatureVerb.Disable.class);
    verbs.put("components", ComponentsVerb.class);
    verbs.put("enable-component", SwitchComponentVerb.Enable.class);
    verbs.put("disable-component", SwitchComponentVerb.Disable.class);
    verbs.put("doctor", DoctorVerb.class);
    verbs.put("verify", VerifyVerb.class);
    verbs.put("quarantine", QuarantineVerb.class);
    verbs.put("lift-quarantine", LiftQuarantineVerb.class);
    verbs.put("health", HealthVerb.class);
    verbs.put("boot-loader", BootLoaderVerb.class);
    verbs.put("pack", PackVerb.class);
    verbs.put("daemon", DaemonVerb.class);
    verbs.put("policy", PolicyVerb.class);
    verbs.put(COMPLETION, AutoComplete.GenerateCompletion.class);
    return verbs;
  }

  static Set<String> names() {
    return BY_NAME.keySet();
  }

  static Class<?> named(String name) {
    Class<?> verb = BY_NAME.get(name);
    if (verb == null) {
      throw new IllegalArgumentException("no verb: " + name);
    }
    return verb;
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
