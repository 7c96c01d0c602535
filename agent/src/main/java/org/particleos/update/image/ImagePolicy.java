package org.particleos.update.image;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * Which partitions of an image are used and how they must be protected ({@code --image-policy=},
 * systemd.image-policy(7)): {@code root=unprotected:usr=unprotected+absent:=ignore}.
 *
 * <p>Partitions are mounted as they are: verity, signatures and encryption are not set up. A policy
 * that insists on one of them is refused when it is applied; it is never met by less than it asks.
 */
public final class ImagePolicy {
  /** Use everything that is recognised: the default. */
  public static final ImagePolicy ALLOW =
      new ImagePolicy(Map.of(), new Rule(EnumSet.allOf(Use.class)));

  /** In which state a partition is accepted. */
  enum Use {
    UNPROTECTED("unprotected"),
    VERITY("verity"),
    SIGNED("signed"),
    ENCRYPTED("encrypted"),
    /** It is there and left alone. */
    UNUSED("unused"),
    ABSENT("absent");

    private final String text;

    Use(String text) {
      this.text = text;
    }
  }

  /**
   * What is accepted of one partition.
   *
   * @param uses any of these will do; never empty
   * @param fileSystems any of these will do; empty accepts all
   * @param readOnly what its flag in the table must be
   * @param growFileSystem what its flag in the table must be
   */
  record Rule(
      Set<Use> uses,
      Set<FileSystem> fileSystems,
      Optional<Boolean> readOnly,
      Optional<Boolean> growFileSystem) {
    Rule {
      uses = Set.copyOf(uses);
      fileSystems = Set.copyOf(fileSystems);
    }

    Rule(Set<Use> uses) {
      this(uses, Set.of(), Optional.empty(), Optional.empty());
    }

    boolean allows(Use use) {
      return uses.contains(use);
    }

    boolean allows(FileSystem fileSystem) {
      return fileSystems.isEmpty() || fileSystems.contains(fileSystem);
    }
  }

  private static final Rule IGNORE = new Rule(EnumSet.of(Use.UNUSED, Use.ABSENT));

  private final Map<Designator, Rule> rules;
  private final Rule otherwise;

  private ImagePolicy(Map<Designator, Rule> rules, Rule otherwise) {
    this.rules = Map.copyOf(rules);
    this.otherwise = otherwise;
  }

  /**
   * Reads a policy.
   *
   * @throws UpdateException.Configuration if the text is none
   */
  public static ImagePolicy parse(String text) throws UpdateException {
    switch (text) {
      case "*" -> {
        return ALLOW;
      }
      case "-" -> {
        return new ImagePolicy(Map.of(), IGNORE);
      }
      case "~" -> {
        return new ImagePolicy(Map.of(), new Rule(EnumSet.of(Use.ABSENT)));
      }
      case "" -> throw invalid(text, "it is empty");
      default -> {}
    }
    var rules = new EnumMap<Designator, Rule>(Designator.class);
    Optional<Rule> otherwise = Optional.empty();
    for (String part : text.split(":", -1)) {
      int equals = part.indexOf('=');
      if (equals < 0) {
        throw invalid(text, Quote.quote(part) + " has no \"=\"");
      }
      String name = part.substring(0, equals);
      Rule rule = rule(text, part.substring(equals + 1));
      boolean twice;
      if (name.isEmpty()) {
        twice = otherwise.isPresent();
        otherwise = Optional.of(rule);
      } else {
        var designator =
            Designator.parse(name)
                .orElseThrow(
                    () -> invalid(text, Quote.quote(name) + " is no partition identifier"));
        twice = rules.put(designator, rule) != null;
      }
      if (twice) {
        throw invalid(text, Quote.quote(name) + " is listed twice");
      }
    }
    // What is neither listed nor covered by a default may be there, but is not used.
    return new ImagePolicy(rules, otherwise.orElse(IGNORE));
  }

  private static Rule rule(String text, String flags) throws UpdateException {
    var uses = EnumSet.noneOf(Use.class);
    var fileSystems = EnumSet.noneOf(FileSystem.class);
    var readOnly = EnumSet.noneOf(Switch.class);
    var growFileSystem = EnumSet.noneOf(Switch.class);
    for (String flag : flags.isEmpty() ? new String[0] : flags.split("\\+", -1)) {
      switch (flag) {
        case "open" -> uses.addAll(EnumSet.allOf(Use.class));
        case "ignore" -> uses.addAll(IGNORE.uses);
        case "read-only-on" -> readOnly.add(Switch.ON);
        case "read-only-off" -> readOnly.add(Switch.OFF);
        case "growfs-on" -> growFileSystem.add(Switch.ON);
        case "growfs-off" -> growFileSystem.add(Switch.OFF);
        default -> {
          var use = use(flag);
          var fileSystem = FileSystem.parse(flag);
          use.ifPresent(uses::add);
          fileSystem.ifPresent(fileSystems::add);
          if (use.isEmpty() && fileSystem.isEmpty()) {
            throw invalid(text, Quote.quote(flag) + " is no policy flag");
          }
        }
      }
    }
    if (uses.isEmpty()) {
      uses = EnumSet.allOf(Use.class);
    }
    return new Rule(uses, fileSystems, only(readOnly), only(growFileSystem));
  }

  private enum Switch {
    ON,
    OFF
  }

  /** Both, like none, accept either. */
  private static Optional<Boolean> only(Set<Switch> accepted) {
    return accepted.size() == 1 ? Optional.of(accepted.contains(Switch.ON)) : Optional.empty();
  }

  private static Optional<Use> use(String flag) {
    for (Use use : Use.values()) {
      if (use.text.equals(flag)) {
        return Optional.of(use);
      }
    }
    return Optional.empty();
  }

  private static UpdateException invalid(String text, String found) {
    return UpdateException.because(
            Reason.OPTION_INVALID, "refused the image policy " + Quote.quote(text))
        .found(found)
        .remedy(
            "give rules such as \"root=unprotected:usr=unprotected+absent:=ignore\", or \"*\""
                + " (see systemd.image-policy(7))")
        .configuration();
  }

  /** The rule for a partition. */
  Rule rule(Designator designator) {
    var listed = rules.get(designator);
    if (listed != null) {
      return listed;
    }
    // What only protects others follows them, and is not used here; "absent" stays in force.
    boolean refusesAny = otherwise.uses.equals(Set.of(Use.ABSENT));
    return designator.derived() && !refusesAny ? IGNORE : otherwise;
  }
}
