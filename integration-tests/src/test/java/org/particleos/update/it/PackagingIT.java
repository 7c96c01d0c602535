package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.particleos.update.demo.Release;
import org.particleos.update.demo.Tool;

/** The distribution works wherever it lies, and brings all it needs. */
@ExtendWith(WithMachine.class)
class PackagingIT {
  private static Path copy(TestMachine machine, String name) throws Exception {
    Path target = machine.folder().resolve(name);
    Files.createDirectories(target.getParent());
    Tool.run(machine.folder(), "cp", "-r", Program.distribution().toString(), target.toString());
    return target;
  }

  @Test
  void itRunsFromACopyInAFolderWithSpaces(TestMachine machine) throws Exception {
    Path copied = copy(machine, "a folder/with  spaces & signs");

    machine
        .program()
        .at(copied.resolve("bin/particle-update"))
        .run(machine.arguments("apply"))
        .expect(0);

    machine.assertVersionInstalled("2");
  }

  @Test
  void itStartsFromItsClassArchive(TestMachine machine) throws Exception {
    Path log = machine.folder().resolve("loaded");

    machine
        .program()
        .with("PARTICLE_UPDATE_JAVA_OPTIONS", "-Xlog:class+load:file=" + log)
        .run(machine.arguments("check"))
        .expect(0);

    List<String> own =
        Files.readAllLines(log).stream().filter(line -> line.contains("cli.Main ")).toList();
    assertEquals(1, own.size(), own::toString);
    assertTrue(own.getFirst().contains("shared objects file"), own::toString);
  }

  @Test
  void aClassArchiveThatDoesNotFitIsPassedOverInSilence(TestMachine machine) throws Exception {
    Path copied = copy(machine, "changed");
    Path archive = copied.resolve("lib/particle-update.jsa");
    Program program = machine.program().at(copied.resolve("bin/particle-update"));
    Run good = program.run(machine.arguments("check", "--json=short")).expect(0);

    Tool.run(machine.folder(), "sh", "-c", "touch " + copied + "/lib/*.jar");
    Run otherJars = program.run(machine.arguments("check", "--json=short")).expect(0);
    Tool.run(machine.folder(), "truncate", "-s", "1M", archive.toString());
    Run cutOff = program.run(machine.arguments("check", "--json=short")).expect(0);
    Files.writeString(archive, "no archive at all");
    Run garbage = program.run(machine.arguments("check", "--json=short")).expect(0);

    for (Run run : List.of(otherJars, cutOff, garbage)) {
      assertEquals(good.out(), run.out());
      assertEquals("", run.err());
    }
  }

  @Test
  void itRunsThroughSymbolicLinks(TestMachine machine) throws Exception {
    Path bin = Files.createDirectories(machine.folder().resolve("usr bin"));
    Path absolute =
        Files.createSymbolicLink(
            bin.resolve("absolute"), Program.distribution().resolve("bin/particle-update"));
    Path relative = Files.createSymbolicLink(bin.resolve("relative"), Path.of("absolute"));

    machine.program().at(relative).run(machine.arguments("check")).expect(0);
    machine.program().at(absolute).run(machine.arguments("apply")).expect(0);

    machine.assertVersionInstalled("2");
  }

  @Test
  void theRuntimeThatCameAlongIsPreferred(TestMachine machine) throws Exception {
    Path copied = copy(machine, "with-runtime");
    Path java = copied.resolve("runtime/bin/java");
    Files.createDirectories(java.getParent());
    Files.writeString(java, "#!/bin/sh\necho \"this is the runtime that came along\"\n");
    java.toFile().setExecutable(true);

    Run run = machine.program().at(copied.resolve("bin/particle-update")).run("--version");

    assertEquals("this is the runtime that came along\n", run.expect(0).out());
  }

  @Test
  void aJavaHomeThatIsTooOldIsPassedOver(TestMachine machine) throws Exception {
    Path old = machine.folder().resolve("jdk-8");
    Files.createDirectories(old.resolve("bin"));
    Files.writeString(old.resolve("release"), "JAVA_VERSION=\"8.0.400\"\n");
    Path java = Files.writeString(old.resolve("bin/java"), "#!/bin/sh\nexit 99\n");
    java.toFile().setExecutable(true);

    Run run = machine.program().with("JAVA_HOME", old.toString()).run("--version");

    assertTrue(run.status() != 99, run::toString);
  }

  @Test
  void withoutNativeLibrariesForThisMachineItSaysSo(TestMachine machine) throws Exception {
    Path copied = copy(machine, "other");
    Tool.run(machine.folder(), "rm", "-r", copied.resolve("lib/native").toString());

    machine
        .program()
        .at(copied.resolve("bin/particle-update"))
        .run("check")
        .expect(1)
        .says("no native libraries for");
  }

  @Test
  void nothingIsUnpackedWhileItRuns(TestMachine machine) throws Exception {
    Path temporary = Files.createDirectories(machine.folder().resolve("tmp"));
    Program program =
        machine
            .program()
            .with("PARTICLE_UPDATE_JAVA_OPTIONS", "-Djava.io.tmpdir=" + temporary)
            .with("TMPDIR", temporary.toString());
    Tool.run(machine.folder(), "chmod", "555", temporary.toString());

    program.run(machine.arguments("apply")).expect(0);

    machine.assertVersionInstalled("2");
    try (Stream<Path> files = Files.list(temporary)) {
      assertEquals(List.of(), files.toList());
    }
  }

  @Test
  void aTemporaryDirectoryWithoutProgramsAndWritesIsEnough(TestMachine machine) throws Exception {
    Root.needed("mount a file system noexec and read-only");
    Path temporary = machine.folder().resolve("tmp");
    try (var mount = Root.Mount.memory(temporary, "size=4k,noexec")) {
      mount.remount("ro,noexec");
      Program program =
          machine
              .program()
              .with("PARTICLE_UPDATE_JAVA_OPTIONS", "-Djava.io.tmpdir=" + temporary)
              .with("TMPDIR", temporary.toString());

      program.run(machine.arguments("apply")).expect(0);

      machine.assertVersionInstalled("2");
    }
  }

  @Test
  void anImageOf200MebibytesPassesThroughAHeapOf64(Releases releases) throws Exception {
    Path folder = releases.scratch();
    long slot = 256L << 20;
    Path image = folder.resolve("large.raw");
    byte[] piece = new byte[1 << 20];
    new SplittableRandom(3).nextBytes(piece);
    try (var out = Files.newOutputStream(image)) {
      for (int i = 0; i < 220; i++) {
        piece[i] ^= 1;
        out.write(piece);
      }
    }
    try (var machine = TestMachine.installed(releases, folder, folder.resolve("disk.img"), slot)) {
      machine.offerInstead(Release.of(folder, "2", image));
      machine.sign();

      machine
          .program()
          .with("PARTICLE_UPDATE_JAVA_OPTIONS", "-Xmx64m")
          .run(machine.arguments("apply"))
          .expect(0);

      Path written = folder.resolve("written.raw");
      machine.demo().extract(TestMachine.USR_NEW, written);
      try (var channel =
          java.nio.channels.FileChannel.open(written, java.nio.file.StandardOpenOption.WRITE)) {
        channel.truncate(Files.size(image));
      }
      assertEquals(-1, Files.mismatch(image, written));
      machine.assertOldVersionUntouched();
    }
  }
}
