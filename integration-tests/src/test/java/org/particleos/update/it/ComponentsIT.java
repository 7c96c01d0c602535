package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Components (transfer-files.md 17) by the command line. */
class ComponentsIT {
  private static final String DROP_IN = ".component.d/50-systemd-sysupdate-enabled.conf";

  private SmallSystem system;

  @BeforeEach
  void aSystemWithAnOffer(@TempDir Path folder) throws Exception {
    system = SmallSystem.in(folder);
    system.offer().put("a-1.bin", "a").put("x-7.bin", "x").put("y-9.bin", "y").publish();
  }

  private String names() throws Exception {
    return system.run("components", "--json=short").expect(0).out();
  }

  @Test
  void aSystemWithoutComponentsSaysSo() throws Exception {
    // 23.19: an empty folder is no system to update.
    Files.createDirectories(system.path("usr/lib/sysupdate.d"));

    system.run("components").expect(0).says("No components defined.");
    system.run("list").expect(1);
    system.run("list", "-C", "unknown").expect(1).says("unknown");
  }

  @Test
  void theTableBeginsWithTheSystemItself() throws Exception {
    system.transfer("10-a", "a-@v.bin").component("extra", "10-x", "x-@v.bin");
    system.write(
        "usr/lib/sysupdate.extra.component",
        "[Component]\nDescription=More of it\nDocumentation=https://example.org/x\nSuggest=yes\n");

    Run table = system.run("components").expect(0);

    List<String> lines = table.out().lines().toList();
    assertEquals(
        List.of("ENABLED", "SUGGESTED", "COMPONENT", "DESCRIPTION", "DOCUMENTATION"),
        List.of(lines.get(0).trim().split(" +")));
    assertTrue(lines.get(1).matches(" *- +- +<default> +Default Component +- *"), table::out);
    assertTrue(
        lines.get(2).matches(" *✓ +✓ +extra +More of it +https://example.org/x *"), table::out);
  }

  /** 17.1, 23.19. */
  @Test
  void directoriesWithGoodNamesAreComponents() throws Exception {
    for (String name : List.of("foo", "foo-bar", "foo.bar", "0815", "über", "x.component")) {
      Files.createDirectories(system.path("etc/sysupdate." + name + ".d"));
    }
    Files.createDirectories(system.path("opt/elsewhere"));
    Files.createDirectories(system.path("usr/local/lib"));
    Files.createSymbolicLink(
        system.path("usr/local/lib/sysupdate.linked.d"), Path.of("/opt/elsewhere"));

    assertEquals(
        "{\"default\":false,\"components\":"
            + "[\"0815\",\"foo\",\"foo-bar\",\"foo.bar\",\"linked\",\"über\"]}\n",
        names());
  }

  @Test
  void aComponentHasVersionsOfItsOwn() throws Exception {
    system.transfer("10-a", "a-@v.bin").component("extra", "10-x", "x-@v.bin");

    system.run("-C", "extra", "update").expect(0);

    assertEquals(List.of("x-7.bin"), system.target());
    assertEquals("1\n", system.run("check-new").expect(0).out());
    assertEquals(List.of("/target/./x-@v.bin"), system.records("installdb.extra"));
    assertEquals(List.of(), system.records());
  }

  @Test
  void allMeansTheSystemAndEachComponentThatIsEnabled() throws Exception {
    system
        .transfer("10-a", "a-@v.bin")
        .component("extra", "10-x", "x-@v.bin")
        .component("other", "10-y", "y-@v.bin");
    system.run("disable-component", "other").expect(0);
    String written = system.text("etc/sysupdate.other" + DROP_IN);
    assertTrue(
        written.matches("(?s)#[^\n]*disable-component[^\n]*\n.*\\[Component\\]\nEnabled=no\n"),
        written);
    assertEquals(
        "{\"default\":true,\"components\":[\"extra\",\"other\"]}\n", names(), "23.19: no drop-ins");

    system.run("update", "-C", "other").expect(1).says("Component is disabled");
    system.run("list", "-C", "other").expect(0);
    system.run("update", "--component-all").expect(0);
    assertEquals(List.of("a-1.bin", "x-7.bin"), system.target());

    system.run("enable-component", "other").expect(0);
    // --component-all is stronger than what was selected before; --all is our short name of it.
    system.run("-C", "extra", "update", "--all").expect(0);
    assertEquals(List.of("a-1.bin", "x-7.bin", "y-9.bin"), system.target());
  }

  @Test
  void oneComponentThatFailsDoesNotKeepTheOthersBack() throws Exception {
    system
        .component("bad", "10-b", "no-version-in-this-pattern.bin")
        .component("good", "10-y", "y-@v.bin");

    system.run("update", "--component-all").expect(1);

    assertEquals(List.of("y-9.bin"), system.target());
  }

  /** H-15: the reference says nothing. */
  @Test
  void anUnknownVersionOfTheSystemIsAFailureEvenIfAllAreUpdated() throws Exception {
    system.transfer("10-a", "a-@v.bin");

    system.run("update", "--component-all", "99").expect(1).says("99");
  }

  @Test
  void anUnknownComponentIsNotFoundAndNothingIsWritten() throws Exception {
    system.component("extra", "10-x", "x-@v.bin");

    system.run("disable-component", "extra", "unknown").expect(1).says("Component not found");

    assertFalse(Files.exists(system.path("etc/sysupdate.extra.component.d")));
  }

  @Test
  void suggestedComponentsCanBeSelected() throws Exception {
    system.component("one", "10-x", "x-@v.bin").component("two", "10-y", "y-@v.bin");
    system.write("usr/lib/sysupdate.one.component", "[Component]\nSuggest=yes\n");
    system.write(
        "usr/lib/sysupdate.two.component",
        "[Component]\nSuggestOnFirmware=smbios-field(nonsense)\n");

    system.run("disable-component", "--component-suggested").expect(0);

    assertTrue(Files.exists(system.path("etc/sysupdate.one" + DROP_IN)));
    assertFalse(Files.exists(system.path("etc/sysupdate.two.component.d")));
  }

  @Test
  void aDefinitionOfTheAdministratorStandsInForTheVendors() throws Exception {
    system.component("extra", "10-x", "x-@v.bin").component("extra", "20-y", "y-@v.bin");
    system.write("etc/sysupdate.extra.d/20-y.transfer", "");
    system.write(
        "run/sysupdate.extra.d/10-x.transfer.d/50-more.conf", "[Target]\nPath=/elsewhere\n");

    system.run("-C", "extra", "update").expect(0);

    assertEquals(List.of(), system.target());
    assertEquals(List.of("x-7.bin"), system.files("elsewhere"));
  }
}
