package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.particleos.update.catalog.Instance;
import org.particleos.update.definition.ResourceType;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.update.Outcome;
import org.particleos.update.update.UpdateEvent;
import org.particleos.update.version.Version;

class ProgressLinesTest {
  private static final Version V2 = new Version("2");
  private static final VersionSet SET =
      new VersionSet(
          V2,
          List.of(),
          new VersionSet.Flags(true, true, false, false, false, false, false, false, false));

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private Instant now = Instant.EPOCH;
  private final ProgressLines lines =
      new ProgressLines(new PrintStream(bytes, true, StandardCharsets.UTF_8), () -> now);

  private String text() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private void start(String id, OptionalLong total) {
    var source =
        new Instance.OnWeb(
            URI.create("http://example.org/" + id),
            ResourceType.URL_FILE,
            InstanceMetadata.of(V2),
            true);
    lines.on(new UpdateEvent.TransferStarted(0, id, source, "/dev/vda4", total));
  }

  @Test
  void aPartIsToldWithAllPartsBesideIt() {
    lines.on(new UpdateEvent.AcquireStarted(SET, 2, OptionalLong.of(5000)));
    start("20-verity", OptionalLong.of(1000));
    now = now.plus(Duration.ofSeconds(1));
    lines.on(new UpdateEvent.TransferFinished(0, "20-verity", 1000, 0, 1200));
    start("30-usr", OptionalLong.of(4000));
    now = now.plus(Duration.ofSeconds(2));
    lines.on(
        new UpdateEvent.TransferProgress(1, "30-usr", 1000, 2000, OptionalLong.of(4000), 5000));

    assertEquals(
        """
        {"event":"acquire-started","version":"2","transfers":2,"total":5000}
        {"event":"transfer-started","transfer":"20-verity","source":"http://example.org/20-verity","target":"/dev/vda4","total":1000}
        {"event":"transfer-finished","transfer":"20-verity","fetched":1000,"reused":0,"written":1200,"total":1000,"rate":1000,"secondsLeft":0,"all":{"fetched":1000,"reused":0,"written":1200,"total":5000,"rate":1000,"secondsLeft":4}}
        {"event":"transfer-started","transfer":"30-usr","source":"http://example.org/30-usr","target":"/dev/vda4","total":4000}
        {"event":"progress","transfer":"30-usr","fetched":1000,"reused":2000,"written":5000,"total":4000,"rate":500,"secondsLeft":2,"all":{"fetched":2000,"reused":2000,"written":6200,"total":5000,"rate":666,"secondsLeft":1}}
        """,
        text());
  }

  @Test
  void whatIsNotKnownIsNull() {
    lines.on(new UpdateEvent.AcquireStarted(SET, 1, OptionalLong.empty()));
    start("30-usr", OptionalLong.empty());
    lines.on(new UpdateEvent.TransferProgress(0, "30-usr", 0, 0, OptionalLong.empty(), 0));

    assertEquals(
        """
        {"event":"acquire-started","version":"2","transfers":1,"total":null}
        {"event":"transfer-started","transfer":"30-usr","source":"http://example.org/30-usr","target":"/dev/vda4","total":null}
        {"event":"progress","transfer":"30-usr","fetched":0,"reused":0,"written":0,"total":null,"rate":0,"secondsLeft":null,"all":{"fetched":0,"reused":0,"written":0,"total":null,"rate":0,"secondsLeft":null}}
        """,
        text());
  }

  @Test
  void theEndSaysWhatCameOfIt() {
    lines.on(new UpdateEvent.Installed(SET));
    lines.ended(new Outcome.Installed(V2, false, 700));

    assertEquals(
        """
        {"event":"installed","version":"2"}
        {"event":"ended","outcome":"installed","version":"2","bytesTransferred":700,"all":{"fetched":0,"reused":0,"written":0,"total":null,"rate":0,"secondsLeft":null}}
        """,
        text());
  }

  @Test
  void aFailureIsToldWithItsReason() {
    lines.on(new UpdateEvent.Warning("\"quoted\"\nand broken"));
    var failure =
        UpdateException.because(Reason.DIGEST_MISMATCH, "refused it").remedy("try").notTrusted();
    lines.failed(failure, ExitStatus.of(failure));

    assertEquals(
        """
        {"event":"warning","text":"\\"quoted\\"\\nand broken"}
        {"event":"failed","exitStatus":%d,"kind":"NOT_TRUSTED","reason":"DIGEST_MISMATCH","message":"refused it","found":null,"state":null,"remedy":"try"}
        """
            .formatted(ExitStatus.of(failure).code()),
        text());
  }
}
