package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The install database below a root, and what {@code cleanup} makes of it (section 15). */
class CleanupIT {
  private static final String DATABASE = "var/lib/systemd/sysupdate/";

  /** SHA-256 of {@code /target/./alpha-@v.bin} (15.1). */
  private static final String ALPHA_RECORD =
      "8eb15f0e7648007e5ecf5ea2559a91e09bf88e37bd38ff0e75e6291a42950117";

  private SmallSystem system;

  @BeforeEach
  void aSystemWithTwoTransfers(@TempDir Path folder) throws Exception {
    system =
        SmallSystem.in(folder)
            .transfer("10-alpha", "alpha-@v.bin")
            .transfer("20-beta", "beta-@v.bin", "MatchPattern=beta-@v.bin beta_@v/file.bin");
    system.offer().put("alpha-1.bin", "a").put("beta-1.bin", "b").publish();
  }

  @Test
  void recordsHoldPathsAsTheSystemSeesThem() throws Exception {
    system.run("update").expect(0);

    assertEquals(
        List.of("/target/./alpha-@v.bin", "/target/./beta-@v.bin", "/target/./beta_@v/file.bin"),
        system.records());
    assertTrue(system.files(DATABASE + "installdb").contains(ALPHA_RECORD));
  }

  /** 23.15. */
  @Test
  void cleanupRemovesWhatNoDefinitionOwnsAndNothingElse() throws Exception {
    system.run("update").expect(0);
    system.write("target/beta_8/file.bin", "old");
    system.write("target/beta_8/other", "somebody else's");
    system.write("target/.sysupdate.pending.beta-2.bin", "waits");
    system.write("target/gamma-1.bin", "somebody else's");
    List<String> all = system.target();
    system.run("cleanup").expect(0);
    assertEquals(all, system.target(), "with its definitions in place all of it is owned");

    system.delete("usr/lib/sysupdate.d/20-beta.transfer");
    system.run("cleanup").expect(0);

    assertEquals(
        List.of(".sysupdate.pending.beta-2.bin", "alpha-1.bin", "beta_8/other", "gamma-1.bin"),
        system.target());
    assertEquals(List.of("/target/./alpha-@v.bin"), system.records());

    system.delete("usr/lib/sysupdate.d/10-alpha.transfer");
    system.run("cleanup").expect(0);
    assertFalse(Files.exists(system.path("target/alpha-1.bin")));
    assertEquals(List.of(), system.records());
    system.run("cleanup").expect(0);
  }

  @Test
  void whatADisabledTransferInstalledIsNotOwned() throws Exception {
    system.run("update").expect(0);
    system.write("etc/sysupdate.d/20-beta.transfer.d/off.conf", "[Transfer]\nFeatures=none\n");

    system.run("cleanup").expect(0);

    assertEquals(List.of("alpha-1.bin"), system.target());
  }

  @Test
  void recordsThatCannotBeTrueAreDropped() throws Exception {
    system.run("update").expect(0);
    system.write("secret/alpha-1.bin", "not ours");
    Path database = system.path(DATABASE + "installdb");
    Files.createSymbolicLink(database.resolve("0".repeat(64)), Path.of("/secret/./alpha-@v.bin"));
    String climbing = "/target/../secret/./alpha-@v.bin";
    Files.createSymbolicLink(
        database.resolve(Offer.digest(climbing.getBytes(java.nio.charset.StandardCharsets.UTF_8))),
        Path.of(climbing));
    String gone = "/gone/./alpha-@v.bin";
    Files.createSymbolicLink(
        database.resolve(Offer.digest(gone.getBytes(java.nio.charset.StandardCharsets.UTF_8))),
        Path.of(gone));

    system.run("cleanup").expect(0);

    // What matches nothing any more goes, too.
    assertEquals(List.of("/target/./alpha-@v.bin", "/target/./beta-@v.bin"), system.records());
    assertEquals(List.of("alpha-1.bin"), system.files("secret"));
  }

  /** 23.16. */
  @Test
  void updateCleansUpOnlyIfToldTo() throws Exception {
    system.run("update").expect(0);
    system.delete("usr/lib/sysupdate.d/20-beta.transfer");

    system.run("update", "--cleanup=no").expect(0);
    assertEquals(List.of("alpha-1.bin", "beta-1.bin"), system.target());

    system.run("update", "--cleanup=yes").expect(0);
    assertEquals(List.of("alpha-1.bin"), system.target());
    assertEquals(List.of("/target/./alpha-@v.bin"), system.records());
  }

  /** 8.4: then there is nothing to update, but something to clean up. */
  @Test
  void updateCleansUpAfterTheLastDefinitionIsGone() throws Exception {
    system.run("update").expect(0);
    system.delete("usr/lib/sysupdate.d/10-alpha.transfer");
    system.delete("usr/lib/sysupdate.d/20-beta.transfer");

    system.run("update", "--cleanup=yes").expect(1);

    assertEquals(List.of(), system.target());
  }

  @Test
  void componentsThatAreGoneAreCleanedUpAfterWithTheOthers() throws Exception {
    system.offer().put("x-7.bin", "x").publish();
    system.component("extra", "10-x", "x-@v.bin");
    system.run("update", "--component-all").expect(0);
    system.delete("usr/lib/sysupdate.extra.d/10-x.transfer");
    Files.delete(system.path("usr/lib/sysupdate.extra.d"));

    system.run("cleanup").expect(0);
    assertEquals(List.of("alpha-1.bin", "beta-1.bin", "x-7.bin"), system.target());

    system.run("cleanup", "--component-all").expect(0);
    assertEquals(List.of("alpha-1.bin", "beta-1.bin"), system.target());
  }

  /** 16: hooks are of the running system. */
  @Test
  void nobodyIsCalledForAnotherSystem() throws Exception {
    Path hooks = Files.createDirectories(system.path("run/systemd/sysupdate/notify"));
    try (var hook = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      hook.bind(UnixDomainSocketAddress.of(hooks.resolve("s")));
      hook.configureBlocking(false);

      system.with("SYSTEMD_SYSUPDATE_FORCE_NOTIFY", "1").run("update").expect(0);

      assertNull(hook.accept());
    }
  }
}
