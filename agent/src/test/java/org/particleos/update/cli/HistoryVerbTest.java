package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written down of runs, and how it is shown. */
class HistoryVerbTest {
  @TempDir Path home;
  private Premises premises;

  @BeforeEach
  void start() throws IOException {
    premises = Premises.at(home).running("1");
    premises.transfer("10-os", Premises.plainFiles("os")).holds("os", "1").offers("os", "2");
  }

  private List<String> outcomes(String... options) {
    List<String> arguments = new ArrayList<>(List.of("history", "--json=short"));
    arguments.addAll(List.of(options));
    CapturedRun run = premises.run(arguments.toArray(String[]::new));
    assertEquals(0, run.status(), run.err());
    List<String> words = new ArrayList<>();
    for (JsonNode entry : Json.parse(run.out()).path("runs")) {
      words.add(entry.path("action").asText() + " " + entry.path("outcome").asText());
    }
    return words;
  }

  @Test
  void whatChangedSomethingIsWrittenDownAndNothingElse() throws IOException {
    premises.run("check");
    premises.run("list");
    premises.run("acquire");
    premises.run("acquire");
    premises.run("apply", "--offline");
    premises.run("apply");
    premises.run("vacuum");
    premises.holds("os", "0.1", "0.2").run("vacuum");
    premises.run("cleanup");
    Files.delete(premises.at("/etc/sysupdate.d/10-os.transfer"));
    premises.transfer("20-more", Premises.plainFiles("more")).run("cleanup");

    assertEquals(
        List.of("cleanup removed", "vacuum removed", "install installed", "acquire acquired"),
        outcomes());
    assertEquals(List.of("cleanup removed"), outcomes("-n", "1"));
  }

  @Test
  void aFailureIsWrittenDownWithItsReason() throws IOException {
    premises.run("apply", "77");

    JsonNode run = Json.parse(premises.run("history", "--json=short").out()).path("runs").get(0);
    assertEquals("VERSION_NOT_FOUND", run.path("reason").asText());
    assertEquals("Update '77' not found.", run.path("message").asText());
    assertEquals("particle-update apply", run.path("caller").asText());
    assertEquals("command-line", run.path("by").asText());
    assertEquals("host", run.path("target").asText());
    assertTrue(premises.run("history").out().contains("Update '77' not found."));
  }

  @Test
  void anUpdateIsWrittenDownFromVersionToVersionWithItsBytes() {
    premises.run("apply", "--on-behalf-of=1234");

    JsonNode run = Json.parse(premises.run("history", "--json=short").out()).path("runs").get(0);
    assertEquals("1", run.path("from").asText());
    assertEquals("2", run.path("to").asText());
    assertEquals(3, run.path("fetched").asLong());
    assertEquals(3, run.path("written").asLong());
    assertEquals(1234, run.path("uid").asLong());
    String table = premises.run("history").out();
    assertTrue(table.lines().findFirst().orElseThrow().strip().startsWith("TIME "), table);
    assertTrue(table.contains(" 1 -> 2 "), table);
    assertTrue(table.contains("command-line (uid 1234)"), table);
    assertTrue(table.endsWith(" installed\n"), table);
    assertEquals(1, premises.run("history", "--no-legend").out().lines().count());
  }

  @Test
  void componentsAreToldApart() throws IOException {
    premises.component("app", "10-app", Premises.plainFiles("app")).offers("app", "7");
    premises.run("apply", "--component-all");

    assertEquals(2, outcomes().size());
    assertEquals(1, outcomes("--component=app").size());
    assertEquals(0, outcomes("--component=other").size());
  }

  @Test
  void theSystemBelowARootHasAHistoryOfItsOwn() throws IOException {
    Premises other = Premises.at(home.resolve("other"));
    other.transfer("10-os", Premises.plainFiles("os")).offers("os", "5");
    String root = "--root=" + other.at("/");

    premises.run("apply", root);

    assertEquals(List.of(), outcomes());
    assertEquals(List.of("update installed"), outcomes(root));
  }

  @Test
  void whereThereIsNoneItSaysSo() {
    CapturedRun run = premises.run("history");

    assertEquals(0, run.status());
    assertEquals("", run.out());
    assertEquals("No run is recorded.\n", run.err());
    assertEquals("{\"runs\":[]}\n", premises.run("history", "--json=short").out());
  }

  @Test
  void aWrongNumberOfLinesIsRefused() {
    for (String wrong : List.of("0", "-1", "1001", "many", "99999999999999999999")) {
      CapturedRun run = premises.run("history", "--lines=" + wrong);

      assertEquals(6, run.status(), wrong);
      assertTrue(run.err().contains("from 1 to 1000"), run.err());
    }
  }

  @Test
  void aHistoryThatCannotBeWrittenSpoilsNoUpdate() throws IOException {
    Files.createDirectories(
        home.resolve("root").resolve(home.resolve("state").toString().substring(1)));
    Path state = premises.at(home.resolve("state").resolve("particle-update").toString());
    Files.writeString(state, "in the way");

    CapturedRun run = premises.run("apply");

    assertEquals(0, run.status(), run.err());
    assertTrue(run.err().contains("Warning: this run is missing in the history: "), run.err());
    assertTrue(premises.names("/var/os").contains("os_2"));
    CapturedRun failed = premises.run("apply", "77");
    assertEquals(12, failed.status());
    assertFalse(failed.err().contains("history"), failed.err());
    assertEquals("No run is recorded.\n", premises.run("history").err());
  }

  @Test
  void nothingOfAnEditedFileActsOnTheTerminal() throws IOException {
    premises.run("apply", "77");
    Path file = premises.at(home.resolve("state/particle-update/history.jsonl").toString());
    Files.writeString(file, Files.readString(file).replace("not found", "\\u001b[2J not found"));

    CapturedRun run = premises.run("history");

    assertFalse(run.out().contains("\u001b"), run.out());
    assertTrue(run.out().contains("\\u{1b}[2J not found"), run.out());
  }
}
