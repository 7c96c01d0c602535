package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Called as systemd-sysupdate, the program has the command line of that program. */
class DropInNameTest {
  private static final List<String> REFERENCE_VERBS =
      List.of(
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
          "disable-component");

  @TempDir Path home;
  private Premises own;
  private Premises reference;

  @BeforeEach
  void start() throws IOException {
    own = Premises.at(home).transfer("10-os", Premises.plainFiles("os")).offers("os", "2");
    reference = own.named("systemd-sysupdate");
  }

  @ParameterizedTest
  @ValueSource(strings = {"check", "apply", "status", "doctor", "generate-completion"})
  void theVerbsThatTheReferenceDoesNotHaveAreUnknown(String verb) {
    CapturedRun run = reference.run(verb);

    assertEquals(1, run.status(), run.err());
    assertFalse(reference.run("--help").out().contains("\n  " + verb + " "));
    assertTrue(own.run("--help").out().contains("\n  " + verb + " "), verb);
  }

  @Test
  void withoutVerbItListsAndMessagesBeginWithItsName() {
    CapturedRun list = reference.run("--no-legend");
    CapturedRun failure = reference.run("list", "9");

    assertEquals("↻ 2  ✓ candidate\n", list.out());
    assertTrue(failure.err().startsWith("systemd-sysupdate: Update '9' not found."), failure.err());
    assertTrue(own.run("list", "9").err().startsWith("particle-update: "));
  }

  @Test
  void helpAndVersionSucceed() {
    for (String option : List.of("--help", "-h", "--version")) {
      assertEquals(0, reference.run(option).status(), option);
    }
    assertTrue(reference.run("--help").out().contains("systemd-sysupdate [OPTIONS] VERB"));
    assertEquals("particle-update 1.2.3\n", reference.run("--version").out());
  }

  private static List<String> names(JsonNode verbs) {
    List<String> names = new ArrayList<>();
    verbs.forEach(verb -> names.add(verb.get("name").asText()));
    return names;
  }

  @Test
  void verbsAndOptionsAreDescribedForPrograms() throws IOException {
    CapturedRun run = reference.run("--introspect-cli");
    JsonNode all = new ObjectMapper().readTree(run.out());
    List<String> options = new ArrayList<>();
    all.get("options").forEach(option -> option.get("names").forEach(n -> options.add(n.asText())));

    assertEquals(0, run.status());
    assertEquals(
        REFERENCE_VERBS.stream().sorted().toList(),
        names(all.get("verbs")).stream().sorted().toList());
    assertTrue(
        options.containsAll(
            List.of(
                "-C",
                "--component",
                "-A",
                "--component-all",
                "-S",
                "--component-suggested",
                "-a",
                "--feature-all",
                "-s",
                "--feature-suggested",
                "--definitions",
                "--root",
                "--image",
                "--image-policy",
                "--transfer-source",
                "-m",
                "--instances-max",
                "--sync",
                "--verify",
                "--reboot",
                "--offline",
                "--cleanup",
                "--no-pager",
                "--no-legend",
                "--json",
                "-h",
                "--help",
                "--version")),
        options.toString());
    assertFalse(options.contains("--introspect-cli"));
    assertTrue(
        names(new ObjectMapper().readTree(own.run("--introspect-cli").out()).get("verbs"))
            .containsAll(List.of("check", "apply", "status", "doctor")));
  }

  @Test
  void whatOnlyOneVerbTakesIsDescribedWithIt() throws IOException {
    JsonNode all = new ObjectMapper().readTree(own.run("--introspect-cli").out());
    List<String> ofVerify = new ArrayList<>();
    all.get("verbs")
        .forEach(verb -> {
          if (verb.get("name").asText().equals("verify")) {
            verb.get("options")
                .forEach(
                    option -> option.get("names").forEach(name -> ofVerify.add(name.asText())));
          }
        });
    List<String> statuses = new ArrayList<>();
    all.get("exitStatuses").forEach(one -> statuses.add(one.get("status").asText()));

    assertEquals(List.of("--repair"), ofVerify);
    assertTrue(statuses.containsAll(List.of("0", "1", "13", "130")), statuses.toString());
  }

  @Test
  void anArgumentThatBeginsWithAnAtSignIsNoFileOfArguments() throws IOException {
    Path arguments = home.resolve("arguments");
    Files.writeString(arguments, "--json=short\n");

    CapturedRun run = reference.run("list", "@" + arguments);

    assertEquals(1, run.status());
    assertTrue(run.err().contains("not found"), run.err());
  }
}
