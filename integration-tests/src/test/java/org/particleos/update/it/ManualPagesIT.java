package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.demo.Tool;

/** The manual pages are well-formed, and that of the command leaves nothing out. */
class ManualPagesIT {
  @TempDir private Path folder;

  @TestFactory
  Stream<DynamicTest> everyPageRendersWithoutAWarning() throws IOException {
    Packages.toolNeeded("groff");
    Path packed = Packages.tree().resolve("usr/share/man");
    List<Path> pages;
    try (Stream<Path> files = Files.walk(packed)) {
      pages = files.filter(Files::isRegularFile).sorted().toList();
    }
    assertTrue(pages.size() >= 3, pages::toString);

    return pages.stream()
        .map(page ->
            DynamicTest.dynamicTest(
                page.getFileName().toString(), () -> assertEquals("", warnings(text(page)))));
  }

  @Test
  void aPageWithAMistakeWouldBeFound() throws IOException {
    Packages.toolNeeded("groff");

    String page =
        """
        .Dd now
        .Dt X 1
        .Os
        .Sh NAME
        .Xyz
        """;

    assertTrue(warnings(page).contains("Xyz"));
  }

  @Test
  void everyVerbAndOptionIsInThePageOfTheCommand() throws Exception {
    Packages.toolNeeded("groff");
    String page =
        rendered(text(Packages.tree().resolve("usr/share/man/man1/particle-update.1.gz")));
    JsonNode program = Packages.program(Program.packaged()).run("--introspect-cli").json();

    assertTrue(program.get("verbs").size() > 15, program::toString);
    for (JsonNode verb : program.get("verbs")) {
      assertSays(page, verb.get("name").asText());
      assertSays(page, verb.get("description").asText());
      verb.get("options").forEach(option -> assertOption(page, option));
    }
    program.get("options").forEach(option -> assertOption(page, option));
    program.get("exitStatuses").forEach(status -> assertSays(page, status.get("meaning").asText()));
  }

  private static void assertOption(String page, JsonNode option) {
    option.get("names").forEach(name -> assertSays(page, name.asText()));
    assertSays(page, option.get("description").asText());
  }

  @Test
  void completionKnowsTheVerbs() throws Exception {
    Packages.toolNeeded("bash");
    Path script = Packages.tree().resolve("usr/share/bash-completion/completions/particle-update");
    String words =
        Tool.run(
            folder,
            "bash",
            "-c",
            "source \"$1\"; COMP_WORDS=(particle-update ver); COMP_CWORD=1;"
                + " _complete_particle-update 2> /dev/null; echo \"${COMPREPLY[@]}\"",
            "bash",
            script.toString());

    assertEquals("verify", words.strip());
  }

  private static String text(Path packed) throws IOException {
    try (var in = new GZIPInputStream(Files.newInputStream(packed))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private String warnings(String page) throws IOException {
    Path output = folder.resolve("rendered");
    Tool.Result result =
        Tool.call(
            folder,
            Map.of(),
            page,
            "sh",
            "-c",
            "exec groff -mandoc -ww -Tutf8 -Kutf8 > \"$1\"",
            "sh",
            output.toString());
    assertEquals(0, result.status(), result.output());
    return result.output();
  }

  /** As one line without any markup, from lines so long that no word is broken. */
  private String rendered(String page) throws IOException {
    Tool.Result result =
        Tool.call(folder, Map.of(), page, "groff", "-mandoc", "-Tascii", "-P-cbou", "-rLL=900n");
    return oneLine(result.output());
  }

  private static void assertSays(String page, String words) {
    assertTrue(page.contains(oneLine(words)), () -> "expected \"" + words + "\" in " + page);
  }

  private static String oneLine(String text) {
    return text.replaceAll("\\s+", " ");
  }
}
