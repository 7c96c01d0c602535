package org.particleos.update.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.linux.DelegatingFile;
import org.particleos.update.linux.DelegatingKernel;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.spool.SpoolPolicy;
import org.particleos.update.update.Updater.Goal;

/** An update that was killed goes on with what it has, and forgets what nobody wants any more. */
class ResumedUpdateTest {
  private static final int MEBI = 1 << 20;
  private static final Release V0 = Release.of("0");
  private static final Release V1 = Release.of("1");
  private static final Release V2 = large("2");
  private static final Release V3 = large("3");

  @TempDir Path home;
  private ReleaseServer server;
  private Laboratory machine;

  private static Release large(String version) {
    Release small = Release.of(version);
    return small.withUki(Release.uki(version, small.root(), 9 * MEBI));
  }

  @BeforeEach
  void start() throws IOException {
    server = new ReleaseServer();
    server.publish(V2);
    machine = new Laboratory(home, server).spooling().holding(V1, 0).holding(V0, 1).build();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }

  /** The process ends when so much of a file was written. */
  private static Kernel killing(long position) {
    return new DelegatingKernel(new UnhurriedKernel()) {
      @Override
      public OpenFile open(Path path, Set<OpenFlag> flags) throws IOException {
        return new DelegatingFile(super.open(path, flags)) {
          @Override
          public void write(ByteBuffer direct, long offset) throws IOException {
            dieAt(offset);
            super.write(direct, offset);
          }

          @Override
          public boolean writeDirect(ByteBuffer direct, long offset) throws IOException {
            dieAt(offset);
            return super.writeDirect(direct, offset);
          }

          private void dieAt(long offset) {
            if (offset >= position && path.toString().contains(".sysupdate.partial.")) {
              throw new Killed();
            }
          }
        };
      }
    };
  }

  private void kill() {
    assertThrows(
        Killed.class, () -> machine.apply(killing(6L * MEBI), Optional.empty(), Goal.UPDATE));
  }

  private List<UpdateEvent.TransferFinished> finished() {
    return machine.events().stream()
        .filter(UpdateEvent.TransferFinished.class::isInstance)
        .map(UpdateEvent.TransferFinished.class::cast)
        .toList();
  }

  private List<String> kept() throws IOException {
    try (Stream<Path> files = Files.walk(machine.spool())) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.equals("lock"))
          .sorted()
          .toList();
    }
  }

  @Test
  void theRestOfAFileIsFetchedAndNothingIsKeptAfterwards() throws Exception {
    kill();
    assertEquals(1, kept().size());

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    Judge.of(machine).assertWhole(V2);
    var last = finished().getLast();
    assertTrue(last.bytesReused() >= 2L * MEBI, last::toString);
    assertEquals(V2.uki().length, last.bytesReused() + last.bytesTransferred());
    assertEquals(List.of(), kept());
  }

  @Test
  void whatIsPackedIsGoneOnWithFromTheSpool() throws Exception {
    server.publish(V2.ukiName(), Release.gzip(V2.uki()));
    kill();
    assertEquals(2, kept().size());

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    Judge.of(machine).assertWhole(V2);
    assertTrue(finished().getLast().bytesReused() >= 2L * MEBI, finished()::toString);
    assertEquals(List.of(), kept());
  }

  @Test
  void aVersionThatWasWithdrawnIsForgottenAndTheNewerOneTaken() throws Exception {
    kill();
    server.withdraw(V2);
    server.publish(V3);
    Judge before = Judge.of(machine);

    assertInstanceOf(Outcome.Installed.class, machine.apply());

    Judge after = Judge.of(machine);
    after.assertWhole(V3);
    after.assertSlotsUntouchedSince(before, 0);
    assertEquals(List.of(), after.hidden());
    assertEquals(0, finished().getLast().bytesReused());
    assertEquals(List.of(), kept());
  }

  @Test
  void whatNobodyOffersAnyMoreIsForgottenAlsoWithoutAnUpdate() throws Exception {
    kill();
    server.withdraw(V2);

    assertEquals(new Outcome.NoUpdate(), machine.apply());

    assertEquals(List.of(), kept());
  }

  @Test
  void aVacuumForgetsWhatWasBegun() throws Exception {
    kill();

    try (var updater = machine.updater(new UnhurriedKernel())) {
      var _ = updater.vacuum("test");
    }

    assertEquals(List.of(), kept());
  }

  @Test
  void whatOtherDefinitionsLeftStays() throws Exception {
    kill();
    List<String> before = kept();

    var other = new Laboratory(Files.createDirectory(home.resolve("other")), server);
    other.holding(V1, 0).holding(V0, 1).build();
    var spool = new SpoolPolicy(true, machine.spool(), 1L << 30, 0);
    try (var updater = other.updater(new UnhurriedKernel(), spool)) {
      assertInstanceOf(
          Outcome.Installed.class, updater.apply(Optional.empty(), Goal.UPDATE, "test"));
    }

    assertEquals(before, kept());
  }

  @Test
  void switchedOffNothingIsKeptAndThatIsSaid() throws Exception {
    var off = new Laboratory(Files.createDirectory(home.resolve("off")), server);
    off.holding(V1, 0).holding(V0, 1).build();

    assertInstanceOf(Outcome.Installed.class, off.apply());

    assertTrue(
        off.events().stream()
            .anyMatch(event ->
                event instanceof UpdateEvent.Notice(var text)
                    && text.contains("the spool is switched off")));
  }
}
