package org.particleos.update.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.update.UpdateEvent;
import org.particleos.update.version.Version;

class ProgressViewTest {
  private static final int MIB = 1 << 20;
  private static final Version V2 = new Version("2");
  private static final VersionSet SET =
      new VersionSet(
          V2,
          List.of(),
          new VersionSet.Flags(true, true, false, false, false, false, false, false, false));

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private Instant now = Instant.EPOCH;

  private ProgressView view(boolean terminal) {
    return view(terminal, false);
  }

  private ProgressView view(boolean terminal, boolean verbose) {
    var stream = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    return new ProgressView(
        new Terminal(stream, stream, terminal, terminal, true, false, 100), () -> now, verbose);
  }

  private void transfer(ProgressView view) {
    view.on(new UpdateEvent.AcquireStarted(SET, 1, OptionalLong.of(8 * MIB)));
    var source =
        new Instance.OnWeb(
            URI.create("http://example.org/usr"),
            ResourceType.URL_FILE,
            InstanceMetadata.of(V2),
            true);
    view.on(
        new UpdateEvent.TransferStarted(
            0, "30-usr", source, "/dev/vda4", OptionalLong.of(8 * MIB)));
    for (int mib = 2; mib <= 8; mib += 2) {
      now = now.plus(Duration.ofSeconds(1));
      view.on(
          new UpdateEvent.TransferProgress(
              0, "30-usr", (long) mib * MIB, 0, OptionalLong.of(8 * MIB), (long) mib * MIB));
    }
    view.on(new UpdateEvent.TransferFinished(0, "30-usr", 8 * MIB, 0, 16 * MIB));
  }

  @Test
  void aPipeGetsPlainLinesAtTheQuarters() {
    transfer(view(false));

    String text = bytes.toString(StandardCharsets.UTF_8);
    assertFalse(text.contains("\u001b"), text);
    assertEquals(
        """
        Updating to '2'.
          30-usr             8.0 MiB from http://example.org/usr to /dev/vda4
          30-usr             25 %
          30-usr             50 %
          30-usr             75 %
          30-usr             8.0 MiB fetched and verified, 16 MiB written, 2.0 MiB/s
        """,
        text);
  }

  @Test
  void aTerminalGetsOneLineForTheTransferAndOneForTheTotal() {
    transfer(view(true));

    String text = bytes.toString(StandardCharsets.UTF_8);
    assertTrue(
        text.contains("30-usr             ████░░░░░░░░░░░░  25 % 2.0 MiB, 2.0 MiB/s, 3 s left"),
        text);
    assertTrue(text.contains("total              ████████░░░░░░░░  50 % 4.0 MiB"), text);
    assertTrue(text.endsWith("written, 2.0 MiB/s\n"), text);
  }

  @Test
  void anUnknownSizeHasNoBarAndNoTimeLeft() {
    ProgressView view = view(true);

    view.on(new UpdateEvent.AcquireStarted(SET, 1, OptionalLong.empty()));
    view.on(new UpdateEvent.TransferProgress(0, "30-usr", MIB, 0, OptionalLong.empty(), MIB));

    String text = bytes.toString(StandardCharsets.UTF_8);
    assertFalse(text.contains("%"), text);
    assertFalse(text.contains("left"), text);
    assertTrue(text.contains("1.0 MiB"), text);
  }

  @Test
  void detailsAreForThoseWhoAskForThem() {
    view(false).on(new UpdateEvent.Detail("why so"));
    assertEquals("", bytes.toString(StandardCharsets.UTF_8));

    view(false, true).on(new UpdateEvent.Detail("why so"));
    assertEquals("why so\n", bytes.toString(StandardCharsets.UTF_8));
  }
}
