package org.particleos.update.varlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.service.FeatureReads;
import org.particleos.update.service.Jobs;
import org.particleos.update.service.Targets;
import org.particleos.update.update.Machine;

/** The published descriptions against the grammar of Varlink and against what is implemented. */
class DescriptionTest {
  private static final Set<String> BASIC =
      Set.of("bool", "int", "float", "string", "object", "any");

  private static Collection<VarlinkInterface> all() {
    var machine =
        Machine.running(
            new LinuxKernel(), InstantSource.system(), Map.of(), Path.of("/nonexistent"));
    var jobs =
        new Jobs(arguments -> {
          throw new AssertionError("nothing is started");
        });
    var permission =
        new Permission(
            (caller, action, details, interactive) -> {
              throw new AssertionError("nobody is asked");
            },
            0);
    var targets = new FreshTargets(new Targets(machine, image -> false, text -> {}), () -> 0);
    Map<String, Method> service = new LinkedHashMap<>();
    service.put("GetInfo", exchange -> Reply.parameters());
    service.put("GetInterfaceDescription", exchange -> Reply.parameters());
    return List.of(
        SysUpdate.of(targets, jobs, new FeatureReads(machine, jobs), permission),
        Update1.of(targets, jobs, permission, Map::of),
        VarlinkInterface.described("io.systemd", Map.of()),
        VarlinkInterface.described("org.varlink.service", service));
  }

  @Test
  void everyDescriptionFollowsTheGrammarAndNamesWhatIsImplemented() {
    for (VarlinkInterface described : all()) {
      var parsed = new Parser(described.description());

      assertEquals(described.name(), parsed.name);
      assertEquals(new TreeSet<>(described.methods().keySet()), new TreeSet<>(parsed.methods));
    }
  }

  @Test
  void everyErrorThatIsToldIsDescribed() {
    var described = new TreeSet<String>();
    for (VarlinkInterface each : all()) {
      new Parser(each.description())
          .errors.forEach(error -> described.add(each.name() + "." + error));
    }

    assertTrue(
        described.containsAll(
            List.of(
                "io.systemd.System",
                "io.systemd.PermissionDenied",
                "io.systemd.InteractiveAuthenticationRequired",
                "io.systemd.SysUpdate.NoUpdateNeeded",
                "io.systemd.SysUpdate.NoSuchTarget",
                "org.particleos.Update1.NoSuchTarget",
                "org.particleos.Update1.NoSuchJob",
                "org.particleos.Update1.Cancelled",
                "org.particleos.Update1.Failed",
                "org.varlink.service.InterfaceNotFound",
                "org.varlink.service.MethodNotFound",
                "org.varlink.service.MethodNotImplemented",
                "org.varlink.service.InvalidParameter",
                "org.varlink.service.ExpectedMore")),
        described.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "interface a",
        "interface a.b method",
        "interface a.b method M() -> ()) ",
        "interface a.b method m() -> ()",
        "interface a.b method M() ()",
        "interface a.b method M(x: Unknown) -> ()",
        "interface a.b type T (a, b-c)",
        "interface a.b type T (a: string, )",
        "interface a.b method M(x: ??string) -> ()",
        "interface a.b error E (x: string",
      })
  void theParserRefusesWhatIsNoDescription(String text) {
    assertThrows(IllegalArgumentException.class, () -> new Parser(text));
    new Parser("interface a.b type T (a: ?[]string, b: [string](x, y)) method M(x: T) -> () ");
  }

  /** The grammar of varlink.org's "Interface Definition". */
  private static final class Parser {
    private static final Pattern TOKEN =
        Pattern.compile(
            "#[^\n]*|\\s+|->|[A-Za-z][A-Za-z0-9_.-]*(?<![-.])|[():,?]|\\[string\\]|\\[\\]");
    private static final Pattern TYPE_NAME = Pattern.compile("[A-Z][A-Za-z0-9]*");
    private static final Pattern FIELD_NAME = Pattern.compile("[A-Za-z](_?[A-Za-z0-9])*");
    private static final Pattern INTERFACE_NAME =
        Pattern.compile("[A-Za-z](-*[A-Za-z0-9])*(\\.[A-Za-z0-9](-*[A-Za-z0-9])*)+");

    private final List<String> tokens = new ArrayList<>();
    private int at;
    private final Set<String> types = new HashSet<>();
    private final Set<String> used = new HashSet<>();
    final Set<String> methods = new HashSet<>();
    final Set<String> errors = new HashSet<>();
    final String name;

    Parser(String text) {
      Matcher matcher = TOKEN.matcher(text);
      int end = 0;
      while (matcher.lookingAt()) {
        String token = matcher.group();
        if (!token.isBlank() && !token.startsWith("#")) {
          tokens.add(token);
        }
        end = matcher.end();
        matcher.region(end, text.length());
      }
      require(end == text.length(), "a token at " + end);
      expect("interface");
      name = next(INTERFACE_NAME);
      require(at < tokens.size(), "a member");
      while (at < tokens.size()) {
        switch (next()) {
          case "type" -> {
            require(types.add(next(TYPE_NAME)), "a new name");
            struct();
          }
          case "method" -> {
            require(methods.add(next(TYPE_NAME)), "a new name");
            struct();
            expect("->");
            struct();
          }
          case "error" -> {
            require(errors.add(next(TYPE_NAME)), "a new name");
            struct();
          }
          default -> require(false, "a member before " + at);
        }
      }
      require(types.containsAll(used), "all types: " + used);
    }

    private static void require(boolean holds, String what) {
      if (!holds) {
        throw new IllegalArgumentException("expected " + what);
      }
    }

    private String next() {
      require(at < tokens.size(), "more");
      return tokens.get(at++);
    }

    private String next(Pattern pattern) {
      String token = next();
      require(pattern.matcher(token).matches(), pattern + " instead of " + token);
      return token;
    }

    private void expect(String token) {
      require(next().equals(token), token);
    }

    private boolean accept(String token) {
      if (at < tokens.size() && tokens.get(at).equals(token)) {
        at++;
        return true;
      }
      return false;
    }

    /** Fields with types, or names alone. */
    private void struct() {
      expect("(");
      if (accept(")")) {
        return;
      }
      next(FIELD_NAME);
      boolean typed = accept(":");
      if (typed) {
        type(true);
      }
      while (accept(",")) {
        next(FIELD_NAME);
        if (typed) {
          expect(":");
          type(true);
        }
      }
      expect(")");
    }

    private void type(boolean mayBeNull) {
      if (accept("?")) {
        require(mayBeNull, "no second question mark");
        type(false);
      } else if (accept("[]") || accept("[string]")) {
        type(true);
      } else if (at < tokens.size() && tokens.get(at).equals("(")) {
        struct();
      } else {
        String type = next();
        if (!BASIC.contains(type)) {
          require(TYPE_NAME.matcher(type).matches(), "a type instead of " + type);
          used.add(type);
        }
      }
    }
  }
}
