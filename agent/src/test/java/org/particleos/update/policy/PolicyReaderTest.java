package org.particleos.update.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.definition.SettingsFile;
import org.particleos.update.definition.TimeSpan;

class PolicyReaderTest {
  @TempDir Path root;

  private record Loaded(Policy policy, List<String> warnings) {}

  private Loaded read(String... lines) throws Exception {
    Path file = root.resolve("etc/particle-update/agent.conf");
    Files.createDirectories(file.getParent());
    Files.writeString(file, String.join("\n", lines) + "\n");
    var read = SettingsFile.read(root, PolicyReader.FILE, PolicyReader.SECTIONS);
    Policy policy = PolicyReader.read(read.assignments(), read.warnings());
    return new Loaded(policy, read.warnings().all().stream().map(Object::toString).toList());
  }

  private Policy good(String... lines) throws Exception {
    Loaded loaded = read(lines);
    assertEquals(List.of(), loaded.warnings());
    return loaded.policy();
  }

  @Test
  void withoutAFileItIsInstalledButNotRestarted() throws Exception {
    assertEquals(Policy.defaults(), good());
    assertEquals(UpTo.INSTALL, Policy.defaults().host().upTo());
  }

  @Test
  void everyKeyIsRead() throws Exception {
    Policy policy =
        good(
            "[Agent]",
            "UpTo=reboot",
            "CheckInterval=1h 30min",
            "CheckSpread=2h",
            "BootDelay=90",
            "InstallWindow=Mon-Fri 22:00-04:00",
            "InstallWindow=Sun 02:00-05:00 Europe/Berlin",
            "RebootWindow=Sat 03:00-04:00",
            "Metered=download",
            "OnBattery=40%",
            "HoldUntil=2026-12-24",
            "RateLimit=2M",
            "MinimumFreeSpace=256M",
            "BootLoader=no",
            "[Component tools]",
            "UpTo=check",
            "InstallWindow=12:00-13:00",
            "Metered=check",
            "OnBattery=no",
            "HoldUntil=forever");

    assertEquals(
        new Policy(
            Duration.ofMinutes(90),
            Duration.ofHours(2),
            Duration.ofSeconds(90),
            new Rules(
                UpTo.REBOOT,
                Windows.in(
                    Window.parse("Mon-Fri 22:00-04:00").orElseThrow(),
                    Window.parse("Sun 02:00-05:00 Europe/Berlin").orElseThrow()),
                true,
                new Battery.AtLeast(40),
                Hold.parse("2026-12-24")),
            Map.of(
                "tools",
                new Rules(
                    UpTo.CHECK,
                    Windows.in(Window.parse("12:00-13:00").orElseThrow()),
                    false,
                    new Battery.Never(),
                    Optional.of(new Hold.Forever()))),
            Windows.in(Window.parse("Sat 03:00-04:00").orElseThrow()),
            OptionalLong.of(2 << 20),
            256 << 20,
            false),
        policy);
  }

  @Test
  void aComponentTakesWhatItDoesNotSayFromTheSystemWhereverThatStands() throws Exception {
    Policy policy =
        good("[Component tools]", "Metered=download", "[Agent]", "OnBattery=no", "UpTo=reboot");

    Rules tools = policy.rules(Optional.of("tools"));
    assertEquals(new Battery.Never(), tools.battery());
    assertTrue(tools.downloadMetered());
    // Nobody restarts into a component.
    assertEquals(UpTo.INSTALL, tools.upTo());
    assertEquals(UpTo.INSTALL, policy.rules(Optional.of("other")).upTo());
    assertEquals(UpTo.REBOOT, policy.rules(Optional.empty()).upTo());
  }

  @Test
  void anEmptyValueTakesWindowsAndHoldBack() throws Exception {
    Policy policy =
        good(
            "[Agent]",
            "InstallWindow=02:00-03:00",
            "InstallWindow=",
            "HoldUntil=forever",
            "HoldUntil=",
            "RateLimit=5K",
            "RateLimit=");

    assertEquals(Policy.defaults(), policy);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "UpTo=everything",
        "UpTo=",
        "CheckInterval=1min",
        "CheckInterval=often",
        "CheckInterval=-2h",
        "CheckInterval=400d",
        "CheckSpread=4 moons",
        "BootDelay=",
        "Metered=yes",
        "OnBattery=101%",
        "OnBattery=",
        "HoldUntil=tomorrow",
        "HoldUntil=2026-02-30",
        "RateLimit=fast",
        "MinimumFreeSpace=",
        "Unknown=1"
      })
  void whatIsNotUnderstoodIsIgnoredWithAWarningThatNamesItsPlace(String line) throws Exception {
    Loaded loaded = read("[Agent]", line);

    assertEquals(Policy.defaults(), loaded.policy());
    assertEquals(1, loaded.warnings().size(), loaded.warnings()::toString);
    assertTrue(
        loaded.warnings().getFirst().contains("agent.conf:2: ignored [Agent] "),
        loaded.warnings()::toString);
  }

  @Test
  void aWindowThatIsNotUnderstoodOpensNoOther() throws Exception {
    Loaded alone = read("[Agent]", "RebootWindow=at night");
    assertEquals(new Windows(false, List.of()), alone.policy().rebootWindows());

    Loaded beside = read("[Agent]", "RebootWindow=at night", "RebootWindow=03:00-04:00");
    assertEquals(
        Windows.in(Window.parse("03:00-04:00").orElseThrow()), beside.policy().rebootWindows());
    assertEquals(1, beside.warnings().size());
  }

  @Test
  void aComponentIsNotRestartedInto() throws Exception {
    Loaded loaded = read("[Component a]", "UpTo=reboot", "RebootWindow=01:00-02:00");

    assertEquals(UpTo.INSTALL, loaded.policy().rules(Optional.of("a")).upTo());
    assertEquals(2, loaded.warnings().size(), loaded.warnings()::toString);
  }

  @Test
  void aSectionThatNamesNoComponentIsIgnored() throws Exception {
    assertEquals(1, read("[Component a/b]", "UpTo=none").warnings().size());
    assertEquals(1, read("[Component]", "UpTo=none").warnings().size());
    assertEquals(1, read("[Manager]", "UpTo=none").warnings().size());
    assertEquals(0, read("[Component a]", "UpTo=none").warnings().size());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "90, 90",
    "2h, 7200",
    "1h 30min, 5400",
    "1h30min, 5400",
    "2d, 172800",
    "1 w, 604800"
  })
  void spansAreThoseOfSystemd(String text, long seconds) {
    assertEquals(Optional.of(Duration.ofSeconds(seconds)), TimeSpan.parse(text));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 s",
    "59, 59 s",
    "60, 1 min",
    "61, 2 min",
    "3600, 1 h",
    "7500, 2 h 5 min",
    "200000, 2 days 7 h"
  })
  void spansAreToldInTwoUnits(long seconds, String text) {
    assertEquals(text, TimeSpan.text(Duration.ofSeconds(seconds)));
  }

  @ParameterizedTest
  @CsvSource({
    "2026-12-24, 2026-12-23T23:00:00Z",
    "2026-12-24 08:00, 2026-12-24T07:00:00Z",
    "2026-12-24T08:00:00Z, 2026-12-24T08:00:00Z",
    "2026-12-24T08:00:00+05:00, 2026-12-24T03:00:00Z",
  })
  void aHoldEndsWhereTheMachineIs(String text, String until) {
    assertEquals(
        Instant.parse(until), Hold.parse(text).orElseThrow().until(ZoneId.of("Europe/Berlin")));
  }
}
