package org.particleos.update.policy;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Facts of a machine that was started long ago, runs version 1 and made a check an hour ago; all
 * else is said by the test.
 */
final class AMachine {
  static final Instant NOW = Instant.parse("2026-01-07T12:00:00Z");
  static final Duration UPTIME = Duration.ofDays(3);

  Instant now = NOW;
  ZoneId zone = ZoneId.of("Europe/Berlin");
  String bootId = "boot-1";
  Duration uptime = UPTIME;
  Duration awake = UPTIME;
  String occasion = "boot-1";
  Share share = new Share("0123456789abcdef0123456789abcdef");
  Optional<Facts.Past> lastCheck =
      Optional.of(
          new Facts.Past(
              NOW.minus(Duration.ofHours(1)), "boot-1", UPTIME.minus(Duration.ofHours(1))));
  Optional<Facts.Past> lastAttempt = lastCheck;
  Optional<Facts.Trouble> checkFailure = Optional.empty();
  Connection connection = new Connection(Answer.YES, Answer.NO);
  Energy energy = Energy.UNKNOWN;
  Optional<Instant> hold = Optional.empty();
  OptionalLong freeBytes = OptionalLong.of(10L << 30);
  Optional<String> booted = Optional.of("1");
  Optional<String> installed = Optional.of("1");
  Optional<String> acquired = Optional.empty();
  Optional<String> available = Optional.empty();
  Set<String> failedToStart = Set.of();
  List<Facts.StepTrouble> troubles = List.of();
  final List<Facts.Part> components = new ArrayList<>();

  static AMachine running() {
    return new AMachine();
  }

  AMachine offered(String version) {
    available = Optional.of(version);
    return this;
  }

  AMachine downloaded(String version) {
    available = Optional.of(version);
    acquired = Optional.of(version);
    return this;
  }

  AMachine installed(String version) {
    installed = Optional.of(version);
    return this;
  }

  AMachine at(String moment) {
    now = Instant.parse(moment);
    return this;
  }

  AMachine connected(Answer online, Answer metered) {
    connection = new Connection(online, metered);
    return this;
  }

  AMachine onBattery(int percent) {
    energy = new Energy(Answer.YES, OptionalInt.of(percent));
    return this;
  }

  AMachine held(Instant until) {
    hold = Optional.of(until);
    return this;
  }

  AMachine failed(Step step, String version, Facts.Trouble.Kind kind, int count, Duration ago) {
    troubles =
        List.of(
            new Facts.StepTrouble(
                step, version, new Facts.Trouble(kind, count, before(ago), "it went wrong")));
    return this;
  }

  AMachine component(String name, String installedVersion, String availableVersion) {
    components.add(
        new Facts.Part(
            Optional.of(name),
            Optional.empty(),
            Optional.of(installedVersion),
            Optional.empty(),
            Optional.of(availableVersion),
            Set.of(),
            List.of()));
    return this;
  }

  Facts.Past before(Duration ago) {
    return new Facts.Past(now.minus(ago), bootId, uptime.minus(ago));
  }

  Facts facts() {
    List<Facts.Part> parts = new ArrayList<>();
    parts.add(
        new Facts.Part(
            Optional.empty(), booted, installed, acquired, available, failedToStart, troubles));
    parts.addAll(components);
    return new Facts(
        now,
        zone,
        bootId,
        uptime,
        awake,
        occasion,
        share,
        lastCheck,
        lastAttempt,
        checkFailure,
        connection,
        energy,
        hold,
        freeBytes,
        parts);
  }
}
