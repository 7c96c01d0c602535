package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Features and suggestions (transfer-files.md 16, 18) by the command line. */
class FeaturesIT {
  private static final String DROP_IN = ".feature.d/50-systemd-sysupdate-enabled.conf";

  private SmallSystem system;

  @BeforeEach
  void aSystemWithAnOffer(@TempDir Path folder) throws Exception {
    system = SmallSystem.in(folder).transfer("10-a", "a-@v.bin");
    system.offer().put("a-1.bin", "a").put("x-1.bin", "x").publish();
  }

  private void feature(String name, String... lines) throws Exception {
    system.write(
        "usr/lib/sysupdate.d/" + name + ".feature",
        "[Feature]\nDescription=About " + name + "\n" + String.join("\n", lines) + "\n");
  }

  @Test
  void aSystemWithoutFeaturesSaysSo() throws Exception {
    system.run("features").expect(0).says("No features.");
  }

  @Test
  void theTableTellsWhichAreEnabled() throws Exception {
    feature("one", "Enabled=yes", "Documentation=https://example.org/one");
    feature("two", "Suggest=yes");
    Files.createDirectories(system.path("etc/sysupdate.d"));
    feature("hidden", "Enabled=yes");
    Files.createSymbolicLink(system.path("etc/sysupdate.d/hidden.feature"), Path.of("/dev/null"));

    Run table = system.run("features").expect(0);

    List<String> words = List.of(table.out().lines().findFirst().orElseThrow().trim().split(" +"));
    assertEquals(List.of("ENABLED", "SUGGESTED", "FEATURE", "DESCRIPTION", "DOCUMENTATION"), words);
    assertTrue(
        table.out().matches("(?s).*✓ +✗ +one +About one +https://example.org/one *\n.*"),
        table::out);
    assertTrue(table.out().matches("(?s).*✗ +✓ +two +About two +.*"), table::out);
    assertFalse(table.out().contains("hidden"));
    table.says("2 features listed.");
    assertFalse(system.run("features", "--no-legend").expect(0).out().contains("listed"));
  }

  @Test
  void oneFeatureIsToldInLines() throws Exception {
    feature("one", "Enabled=yes");
    system.transfer("20-x", "x-@v.bin", "[Transfer]", "Features=one");

    Run run = system.run("features", "one").expect(0);

    assertTrue(run.out().matches("(?s).*Name: +one\n.*"), run::out);
    assertTrue(run.out().matches("(?s).*Enabled: +yes\n.*"), run::out);
    assertTrue(run.out().matches("(?s).*Suggested: +no\n.*"), run::out);
    assertTrue(run.out().matches("(?s).*Description: +About one\n.*"), run::out);
    assertTrue(run.out().matches("(?s).*Transfers: +20-x\n.*"), run::out);
    system.run("features", "unknown").expect(1);
  }

  @Test
  void enablingMakesTheVersionIncompleteAndDisablingRemovesTheFiles() throws Exception {
    feature("one");
    system.transfer("20-x", "x-@v.bin", "[Transfer]", "Features=one");
    system.run("update").expect(0);
    assertEquals(List.of("a-1.bin"), system.target());

    system.run("enable-feature", "one").expect(0);
    String written = system.text("etc/sysupdate.d/one" + DROP_IN);
    assertTrue(
        written.matches("(?s)#[^\n]*enable-feature[^\n]*\n.*\\[Feature\\]\nEnabled=yes\n"),
        written);
    system.run("list", "1").expect(0).says("incomplete");
    system.run("update").expect(0);
    assertEquals(List.of("a-1.bin", "x-1.bin"), system.target());

    system.run("disable-feature", "one").expect(0);
    written = system.text("etc/sysupdate.d/one" + DROP_IN);
    assertTrue(
        written.matches("(?s)#[^\n]*disable-feature[^\n]*\n.*\\[Feature\\]\nEnabled=no\n"),
        written);
    system.run("vacuum").expect(0);
    assertEquals(List.of("a-1.bin"), system.target());
    assertFalse(system.run("list", "1").expect(0).out().contains("incomplete"));
  }

  @Test
  void anUnknownNameDoesNotKeepTheOthersFromBeingEnabled() throws Exception {
    feature("one");
    feature("two");

    system.run("enable-feature", "one", "unknown", "two").expect(1).says("unknown");

    assertEquals(List.of("one" + DROP_IN, "two" + DROP_IN), system.files("etc/sysupdate.d"));
    system.run("enable-feature", "a/b").expect(1).says("Feature name invalid");
  }

  @Test
  void allCanBeSwitchedAtOnce() throws Exception {
    system.run("enable-feature", "--feature-all").expect(0);
    feature("one");
    feature("two");
    system.run("enable-feature", "--feature-all").expect(0);
    assertEquals(List.of("one" + DROP_IN, "two" + DROP_IN), system.files("etc/sysupdate.d"));
  }

  /** 23.20: although every transfer of the system is disabled at that moment. */
  @Test
  void allComponentsIncludeTheSystemItselfEvenIfAllOfItIsDisabled() throws Exception {
    feature("one");
    system.transfer("10-a", "a-@v.bin", "[Transfer]", "Features=one");
    system.component("extra", "10-x", "x-@v.bin");
    system.write("usr/lib/sysupdate.extra.d/two.feature", "[Feature]\n");

    system.run("--component-all", "enable-feature", "--feature-all").expect(0);

    assertEquals(List.of("one" + DROP_IN), system.files("etc/sysupdate.d"));
    assertEquals(List.of("two" + DROP_IN), system.files("etc/sysupdate.extra.d"));
    // By name, every one of them must have it.
    system.run("--component-all", "disable-feature", "one").expect(1);
    assertTrue(system.text("etc/sysupdate.d/one" + DROP_IN).contains("Enabled=no"));
  }

  @Test
  void aFeatureOfAComponentIsSwitchedInTheComponent() throws Exception {
    system.component("extra", "10-x", "x-@v.bin");
    system.write("usr/lib/sysupdate.extra.d/two.feature", "[Feature]\n");

    system.run("-C", "extra", "enable-feature", "two").expect(0);

    assertEquals(List.of("two" + DROP_IN), system.files("etc/sysupdate.extra.d"));
  }

  // ---- Suggestions ----

  private Map<String, String> suggested(SmallSystem asked) throws Exception {
    Map<String, String> marks = new TreeMap<>();
    asked
        .run("features", "--no-legend")
        .expect(0)
        .out()
        .lines()
        .map(line -> line.trim().split(" +"))
        .filter(words -> words.length > 2)
        .forEach(words -> marks.put(words[2], words[1]));
    return marks;
  }

  @Test
  void conditionsDecideWhatIsSuggested() throws Exception {
    Path credentials = Files.createDirectories(system.path("credentials"));
    Files.writeString(credentials.resolve("wanted"), "");
    system.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    system.write("etc/machine-info", "TAGS=blue:green-1\n");
    feature("yes-said", "Suggest=yes", "SuggestOnFraction=0%");
    feature("no-nothing-said");
    feature("yes-native", "SuggestOnArchitecture=native");
    feature("no-native", "SuggestOnArchitecture=!native");
    feature("no-unknown", "SuggestOnArchitecture=abacus");
    feature("yes-one-of", "SuggestOnArchitecture=|abacus", "SuggestOnFraction=|100%");
    feature("no-none-of", "SuggestOnArchitecture=|abacus", "SuggestOnFraction=|0%");
    feature("no-not-all", "SuggestOnArchitecture=native", "SuggestOnArchitecture=abacus");
    feature(
        "yes-taken-back",
        "SuggestOnArchitecture=abacus",
        "SuggestOnArchitecture=",
        "SuggestOnFraction=100%");
    feature("yes-credential", "SuggestOnCredential=wanted");
    feature("no-credential", "SuggestOnCredential=missing");
    feature("yes-kernel", "SuggestOnVersion=kernel >=2.6");
    feature("no-kernel", "SuggestOnVersion=kernel <2.6");
    feature("no-word", "SuggestOnKernelCommandLine=surely_not_there");
    feature("open-smbios", "SuggestOnFirmware=smbios-field(nonsense)");

    Map<String, String> marks =
        suggested(system.with("CREDENTIALS_DIRECTORY", credentials.toString()));

    assertEquals(15, marks.size(), marks::toString);
    marks.forEach((name, mark) -> {
      String expected = name.startsWith("yes") ? "✓" : name.startsWith("no") ? "✗" : "-";
      assertEquals(expected, mark, name);
    });
  }

  /** 23.22. */
  @Test
  void aConditionThatMakesNoSenseSelectsNothing() throws Exception {
    feature("bad", "SuggestOnFirmware=smbios-field(nonsense)");
    feature("good", "Suggest=yes");

    system.run("features", "bad").expect(0).says("error (Invalid argument)");
    system.run("enable-feature", "--feature-suggested").expect(0);

    assertEquals(List.of("good" + DROP_IN), system.files("etc/sysupdate.d"));
  }
}
