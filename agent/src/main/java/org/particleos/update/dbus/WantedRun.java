package org.particleos.update.dbus;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.freedesktop.dbus.types.UInt32;
import org.particleos.update.definition.SafeName;
import org.particleos.update.failure.Quote;
import org.particleos.update.service.JobRequest;
import org.particleos.update.service.JobType;
import org.particleos.update.service.ServedTarget;
import org.particleos.update.service.TargetId;
import org.particleos.update.version.Version;

/**
 * What the command line of somebody wants to be run, as values that were checked. Options that name
 * a path, or that switch off a check, are not among them: they are for root.
 */
record WantedRun(Verb verb, Map<String, Object> options) {
  /** Those that there are, with the types of their values. */
  private static final Map<String, Class<?>> TYPES =
      Map.of(
          "version",
          String.class,
          "component",
          String.class,
          "component-all",
          Boolean.class,
          "offline",
          Boolean.class,
          "sizes",
          Boolean.class,
          "lines",
          UInt32.class);

  private static final Map<Class<?>, String> SIGNATURES =
      Map.of(String.class, "s", Boolean.class, "b", UInt32.class, "u");

  /** As many runs as the history keeps. */
  private static final long LINES_MAX = 1000;

  /** What can be run. */
  enum Verb {
    CHECK(JobType.CHECK),
    APPLY(JobType.APPLY),
    STATUS(JobType.STATUS),
    LIST(JobType.LIST),
    VACUUM(JobType.VACUUM),
    HISTORY(JobType.HISTORY);

    private final JobType type;

    Verb(JobType type) {
      this.type = type;
    }

    static Optional<Verb> parse(String text) {
      return Arrays.stream(values()).filter(verb -> verb.type.text().equals(text)).findFirst();
    }

    boolean takes(String option) {
      return switch (option) {
        case "component" -> true;
        case "version" -> this == APPLY || this == LIST;
        case "offline" -> this == APPLY || this == LIST || this == CHECK;
        case "sizes" -> this == LIST || this == CHECK;
        case "component-all" -> this == APPLY;
        case "lines" -> this == HISTORY;
        default -> false;
      };
    }
  }

  static WantedRun of(String verb, Object options) throws BusException {
    Optional<Verb> known = Verb.parse(verb);
    if (known.isEmpty()) {
      throw BusException.invalid("no verb that can be run: " + Quote.quote(verb));
    }
    Map<String, Object> checked = new LinkedHashMap<>();
    for (Map.Entry<?, ?> option : ((Map<?, ?>) options).entrySet()) {
      String name = String.valueOf(option.getKey());
      Class<?> type = TYPES.get(name);
      if (type == null || !known.get().takes(name)) {
        throw BusException.invalid("'" + verb + "' takes no option " + Quote.quote(name));
      }
      if (!type.isInstance(option.getValue())) {
        throw BusException.invalid("option " + name + " is of type " + SIGNATURES.get(type));
      }
      checked.put(name, option.getValue());
    }
    var wanted = new WantedRun(known.get(), checked);
    wanted.check();
    return wanted;
  }

  private void check() throws BusException {
    if (version().isPresent() && !Version.isValid(version().get())) {
      throw BusException.invalid("Invalid version");
    }
    if (component().isPresent() && !SafeName.isComponent(component().get())) {
      throw BusException.invalid("Component name invalid: " + Quote.quote(component().get()));
    }
    if (component().isPresent() && set("component-all")) {
      throw BusException.invalid("component and component-all exclude each other");
    }
    if (options.get("lines") instanceof UInt32 lines
        && (lines.longValue() < 1 || lines.longValue() > LINES_MAX)) {
      throw BusException.invalid("lines is a number from 1 to " + LINES_MAX);
    }
  }

  private boolean set(String name) {
    return Boolean.TRUE.equals(options.get(name));
  }

  Optional<String> version() {
    return Optional.ofNullable((String) options.get("version"));
  }

  private Optional<String> component() {
    return Optional.ofNullable((String) options.get("component"));
  }

  /** For the rules of the administrator, as the reference names them (dbus-varlink.md 8). */
  Map<String, String> details() {
    Map<String, String> details = new LinkedHashMap<>();
    details.put("class", component().isPresent() ? "component" : "host");
    details.put("name", component().orElse("host"));
    version().ifPresent(version -> details.put("version", version));
    details.put("offline", set("offline") ? "1" : "0");
    return details;
  }

  /**
   * Whether the component exists, the worker finds out: no name leads out of the place of
   * definitions.
   *
   * @param user who asks, for the history
   */
  JobRequest request(long user) {
    ServedTarget target =
        component().isPresent()
            ? new ServedTarget(
                TargetId.component(component().get()),
                "sysupdate." + component().get() + ".d",
                new ServedTarget.Place.OfComponent(component().get()))
            : new ServedTarget(TargetId.HOST, "sysupdate.d", new ServedTarget.Place.Host());
    List<String> extra = new ArrayList<>();
    extra.add("--on-behalf-of=" + user);
    if (set("sizes")) {
      extra.add("--sizes");
    }
    if (set("component-all")) {
      extra.add("--component-all");
    }
    if (options.get("lines") instanceof UInt32 lines) {
      extra.add("--lines=" + lines.longValue());
    }
    return JobRequest.of(verb.type, target).on(version()).offline(set("offline")).with(extra);
  }
}
