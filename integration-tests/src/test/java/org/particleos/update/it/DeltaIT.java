package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.particleos.update.demo.Release;

/** A new version that shares nearly all blocks with the old one, most of them elsewhere. */
@ExtendWith(WithMachine.class)
class DeltaIT {
  private static final int BLOCK = 4096;
  private static final int INSERTED_AT = 10;
  private static final int INSERTED = 8;
  private static final int CHANGED_AT = 200;
  private static final long NEW_BYTES = (INSERTED + 1L) * BLOCK;

  private TestMachine machine;
  private byte[] image;
  private Path raw;
  private final AtomicLong partBytes = new AtomicLong();
  private final AtomicLong wholes = new AtomicLong();

  @BeforeEach
  void publish(TestMachine given) throws Exception {
    machine = given;
    byte[] old = Files.readAllBytes(machine.releases().release("1").usr());
    image = old.clone();
    int shifted = INSERTED_AT * BLOCK;
    System.arraycopy(
        old, shifted, image, shifted + INSERTED * BLOCK, old.length - shifted - INSERTED * BLOCK);
    renew(INSERTED_AT, INSERTED);
    renew(CHANGED_AT, 1);
    Path work = Files.createDirectories(machine.folder().resolve("build"));
    Path usr = Files.write(work.resolve("usr.raw"), image);
    machine.offerInstead(Release.of(work, "2", usr));
    raw =
        machine
            .web()
            .resolve(machine.usrPayload().getFileName().toString().replaceAll("\\.zst$", ""));
  }

  private void renew(int block, int count) {
    byte[] noise = new byte[count * BLOCK];
    new Random(block).nextBytes(noise);
    System.arraycopy(noise, 0, image, block * BLOCK, noise.length);
  }

  /** Counts what is asked of the payloads of {@code /usr}. */
  private void count() throws IOException {
    machine.sign();
    for (Path payload : new Path[] {raw, Path.of(raw + ".zst")}) {
      machine
          .server()
          .fault(
              payload.getFileName().toString(),
              request -> {
                if (request.lastByte().isPresent()) {
                  partBytes.addAndGet(request.lastByte().getAsInt() + 1L - request.firstByte());
                } else if (request.wantsBody()) {
                  wholes.incrementAndGet();
                }
                Faults.file(request);
              });
    }
  }

  private void assertInstalled() throws Exception {
    machine.assertOldVersionUntouched();
    Path slot = machine.folder().resolve("slot");
    machine.demo().extract(TestMachine.USR_NEW, slot);
    byte[] written = Arrays.copyOf(Files.readAllBytes(slot), image.length);
    assertArrayEquals(image, written);
  }

  private void offerPlain() throws IOException {
    Files.write(raw, image);
    String name = "ParticleOS_@v_%a.usr-%a.@u.raw";
    machine.dropIn("30-usr", "[Source]", "MatchPattern=" + name + ".zst " + name);
  }

  @Test
  void ofThePlainImageOnlyNewBlocksAreFetched() throws Exception {
    offerPlain();
    count();

    machine.run("apply").expect(0).says("of its blocks on this disk").says("Version 2 is inst");

    assertInstalled();
    assertEquals(0, wholes.get());
    // The head is asked for its size beforehand.
    assertTrue(partBytes.get() <= NEW_BYTES * 11 / 10 + 100, partBytes.get() + " for " + NEW_BYTES);
  }

  @Test
  void ofAPackedImageOnlyFramesWithNewBlocksAreFetched() throws Exception {
    Path packed = Path.of(raw + ".zst");
    Path local = machine.folder().resolve("build/usr.raw");
    machine
        .program()
        .run("pack", local.toString(), "-o", packed.toString(), "--frame-size=16K", "--force")
        .expect(0);
    machine.program().run("pack", "--check", packed.toString(), local.toString()).expect(0);
    count();

    machine.run("apply").expect(0).says("of its blocks on this disk");

    assertInstalled();
    assertEquals(0, wholes.get());
    // Three frames for what was inserted, one for what was changed, and the table.
    long table = 8L * Math.ceilDiv(image.length, 16 << 10) + 200;
    assertTrue(partBytes.get() <= 4 * (17 << 10) + table, "" + partBytes.get());
  }

  @Test
  void aSingleFrameIsFetchedInFull() throws Exception {
    count();

    machine.run("apply", "--verbose").expect(0).says("fetches all of its payload");

    assertInstalled();
    assertEquals(1, wholes.get());
  }

  @Test
  void withoutRangesAllIsFetched() throws Exception {
    offerPlain();
    machine.sign();
    machine
        .server()
        .fault(
            ".raw",
            request -> {
              request.head(200, "Content-Length: " + Files.size(request.file()));
              if (request.wantsBody()) {
                Files.copy(request.file(), request.out());
              }
            });

    machine.run("apply", "--verbose").expect(0).says("fetches all of its payload");

    assertInstalled();
  }

  @Test
  void damagedBlocksAreRepairedFromWhereTheVersionIsOffered() throws Exception {
    offerPlain();
    count();
    machine.run("apply").expect(0);
    long before = partBytes.get();
    try (var disk = FileChannel.open(machine.disk(), StandardOpenOption.WRITE)) {
      disk.write(ByteBuffer.allocate(100), machine.demo().offset(TestMachine.USR_NEW) + 9000);
    }

    machine.run("verify", "2", "--repair").expect(0).says("were fetched and replaced");

    assertInstalled();
    assertTrue(partBytes.get() - before < 2 * BLOCK);
    machine.run("verify", "1", "--repair").failure(12, "it is running", "");
  }
}
