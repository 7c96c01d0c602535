package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.particleos.update.judge.BootJudge;

/**
 * Kills the packaged program at random moments, several times in a row on one machine, until an
 * update gets through. The judge of the power cuts looks at the machine after every kill.
 */
@ExtendWith(WithMachine.class)
class KilledIT {
  /** How many kills: {@code -Dparticle-update.kills=1000} takes an hour. */
  private static final int KILLS = Integer.getInteger("particle-update.kills", 12);

  private static final long SEED = Long.getLong("particle-update.crash.seed", 1);

  /** Then the update is let through, so that every machine is judged at its end, too. */
  private static final int KILLS_IN_A_ROW_MAX = 4;

  private static final int SECTOR = 512;

  private final Set<String> genuine = new TreeSet<>();

  @Test
  void aKillAtAnyMomentLeavesAWholeVersionAndPlainApplyCompletes(Releases releases)
      throws Exception {
    for (String version : List.of("1", "2")) {
      genuine.add(digest(Files.readAllBytes(releases.release(version).kernel())));
      byte[] signature = Files.readAllBytes(releases.release(version).veritySignature());
      int end = signature.length;
      while (signature[end - 1] == 0) {
        end--;
      }
      genuine.add(digest(Arrays.copyOf(signature, end)));
    }
    long nanos = timeOfAnUpdate(releases);
    var random = new Random(SEED);
    int kills = 0;
    int machines = 0;
    int inTime = 0;
    while (kills < KILLS) {
      try (var machine = TestMachine.copied(releases)) {
        machines++;
        int row = 1 + random.nextInt(Math.min(KILLS_IN_A_ROW_MAX, KILLS - kills));
        for (int kill = 0; kill < row; kill++, kills++) {
          Program.Running running = machine.start("apply");
          boolean ended =
              running.process().waitFor((long) (nanos * random.nextDouble()), TimeUnit.NANOSECONDS);
          running.kill();
          running.end();
          inTime += ended ? 0 : 1;
          judge(machine, "kill " + (kill + 1) + " on machine " + machines + ", seed " + SEED);
        }
        Run last = machine.run("apply");
        assertEquals(0, last.status(), last::toString);
        assertTrue(
            judge(machine, "at the end of machine " + machines + ", seed " + SEED).boots("2"),
            "version 2 does not boot");
        machine.run("vacuum").expect(0);
        assertEquals(List.of("ParticleOS_1.efi", "ParticleOS_2+3-0.efi"), machine.bootEntries());
      }
    }
    System.out.printf(
        "kills: %d on %d machines, %d of them before the program had ended, 0 violations, seed"
            + " %d%n",
        kills, machines, inTime, SEED);
    assertTrue(inTime >= KILLS / 4, "most kills came too late: " + inTime);
  }

  /** The time that the moments are taken from; an update that is slower is killed early. */
  private static long timeOfAnUpdate(Releases releases) throws Exception {
    try (var machine = TestMachine.copied(releases)) {
      long started = System.nanoTime();
      machine.run("apply").expect(0);
      return System.nanoTime() - started;
    }
  }

  private BootJudge judge(TestMachine machine, String where) throws IOException {
    BootJudge judge =
        BootJudge.of(Files.readAllBytes(machine.disk()), SECTOR, menu(machine.boot()), genuine);
    assertEquals(List.of(), judge.broken(), where);
    assertTrue(judge.boots("1"), where + ": version 1 does not boot");
    return judge;
  }

  private static Map<String, byte[]> menu(Path directory) throws IOException {
    Map<String, byte[]> menu = new TreeMap<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        menu.put(String.valueOf(file.getFileName()), Files.readAllBytes(file));
      }
    }
    return menu;
  }

  private static String digest(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
