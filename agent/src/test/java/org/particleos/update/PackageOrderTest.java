package org.particleos.update;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The rooms of the house and which way the doors open (ARCHITECTURE.md, "Packages"). */
class PackageOrderTest {
  private static final String ROOT = "org.particleos.update";

  /** From the front ends down to the kernel: a package uses only packages further down. */
  private static final List<String> ORDER =
      List.of(
          "cli",
          "dbus",
          "varlink",
          "service",
          "policy",
          "update",
          "history",
          "image",
          "notify",
          "loader",
          "boot",
          "assess",
          "install",
          "tree",
          "delta",
          "acquire",
          "spool",
          "fetch",
          "codec",
          "plan",
          "catalog",
          "trust",
          "disk",
          "verity",
          "cms",
          "definition",
          "pattern",
          "version",
          "state",
          "pe",
          "linux",
          "failure");

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  @Test
  void everyPackageHasItsPlaceInTheOrder() {
    var found = new TreeSet<String>();
    CLASSES.forEach(type -> found.add(room(type)));

    assertEquals(new TreeSet<>(ORDER), found);
  }

  @Test
  void packagesUseOnlyPackagesFurtherDown() {
    var upward = new TreeSet<String>();
    for (JavaClass type : CLASSES) {
      for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
        JavaClass used = dependency.getTargetClass();
        if (used.getPackageName().startsWith(ROOT)
            && ORDER.indexOf(room(used)) < ORDER.indexOf(room(type))) {
          upward.add(type.getName() + " uses " + used.getName());
        }
      }
    }

    assertEquals(Set.of(), upward);
  }

  @Test
  void onlyTheLinuxPackageCallsTheCLibrary() {
    var elsewhere = new TreeSet<String>();
    for (JavaClass type : CLASSES) {
      boolean callsNative =
          type.getDirectDependenciesFromSelf().stream()
              .anyMatch(d -> d.getTargetClass().getPackageName().startsWith("com.sun.jna"));
      if (callsNative && !room(type).equals("linux")) {
        elsewhere.add(type.getName());
      }
    }

    assertEquals(Set.of(), elsewhere);
  }

  @Test
  void packagesDoNotGoInCircles() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  private static String room(JavaClass type) {
    String below = type.getPackageName().substring(ROOT.length());
    return below.isEmpty() ? "(root)" : below.substring(1).replaceAll("\\..*", "");
  }
}
