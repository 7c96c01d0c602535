package org.particleos.update.service;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.particleos.update.definition.SafeName;
import org.particleos.update.version.Version;

/**
 * A job to be done, as values that were checked: nothing of it can be taken for an option.
 *
 * @param subject a version, or of {@link JobType#DESCRIBE_FEATURE} a feature; required by those two
 *     that describe, allowed for what brings a version in
 * @param offline ask no server
 * @param extra further options of the verb, each beginning with {@code --}
 */
public record JobRequest(
    JobType type,
    ServedTarget target,
    Optional<String> subject,
    boolean offline,
    List<String> extra) {
  public JobRequest {
    extra = List.copyOf(extra);
    boolean required = type == JobType.DESCRIBE || type == JobType.DESCRIBE_FEATURE;
    boolean allowed =
        required
            || type == JobType.ACQUIRE
            || type == JobType.INSTALL
            || type == JobType.APPLY
            || type == JobType.LIST;
    if (subject.isPresent() ? !allowed : required) {
      throw new IllegalArgumentException(type + " with subject " + subject);
    }
    if (subject.isPresent()) {
      String text = subject.get();
      boolean safe =
          type == JobType.DESCRIBE_FEATURE ? SafeName.isFeature(text) : Version.isValid(text);
      if (!safe) {
        throw new IllegalArgumentException("callers check names and versions");
      }
    }
    if (extra.stream().anyMatch(option -> !option.startsWith("--"))) {
      throw new IllegalArgumentException("only options: " + extra);
    }
  }

  public static JobRequest of(JobType type, ServedTarget target) {
    return new JobRequest(type, target, Optional.empty(), false, List.of());
  }

  public JobRequest on(String name) {
    return new JobRequest(type, target, Optional.of(name), offline, extra);
  }

  public JobRequest on(Optional<String> name) {
    return new JobRequest(type, target, name, offline, extra);
  }

  public JobRequest offline(boolean choice) {
    return new JobRequest(type, target, subject, choice, extra);
  }

  public JobRequest with(List<String> options) {
    return new JobRequest(type, target, subject, offline, options);
  }

  /** What the worker is started with (dbus-varlink.md 7.2). */
  List<String> arguments() {
    List<String> arguments = new ArrayList<>(List.of("--json=short", "--progress=json"));
    arguments.addAll(target.options());
    if (type != JobType.BOOT_LOADER) {
      arguments.addAll(extra);
    }
    if (offline || type == JobType.INSTALL) {
      arguments.add("--offline");
    }
    arguments.add(
        switch (type) {
          case LIST, DESCRIBE -> "list";
          case CHECK_NEW -> "check-new";
          case ACQUIRE -> "acquire";
          case INSTALL -> "update";
          case VACUUM -> "vacuum";
          case DESCRIBE_FEATURE, LIST_FEATURES -> "features";
          case CHECK -> "check";
          case STATUS -> "status";
          case APPLY -> "apply";
          case HISTORY -> "history";
          case BOOT_LOADER -> "boot-loader";
        });
    if (type == JobType.BOOT_LOADER) {
      arguments.add("refresh");
      arguments.addAll(extra); // options that only this verb knows stand behind it
    }
    if (subject.isPresent()) {
      arguments.add("--"); // a version may begin with a dash
      arguments.add(subject.get());
    }
    return arguments;
  }
}
