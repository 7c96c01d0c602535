package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.particleos.update.assess.Judgement;
import org.particleos.update.assess.RunningBoot;
import org.particleos.update.catalog.Catalog;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.ResolvedSource;
import org.particleos.update.catalog.ResolvedTransfer;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Payload;
import org.particleos.update.fetch.PayloadSize;
import org.particleos.update.fetch.RememberingFetcher;
import org.particleos.update.fetch.Unpacking;
import org.particleos.update.linux.Chase;
import org.particleos.update.pattern.FieldText;
import org.particleos.update.plan.Member;
import org.particleos.update.plan.Quarantined;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.plan.VersionSets;
import org.particleos.update.trust.EarlyKeyring;
import org.particleos.update.trust.Fetcher;
import org.particleos.update.trust.Freshness;
import org.particleos.update.trust.KeyringLocation;
import org.particleos.update.trust.Manifest;
import org.particleos.update.trust.SignedManifests;

/** Looks at what targets hold and sources offer. Changes nothing. */
final class Survey {
  private final Run run;
  private final Catalog catalog;
  private final Assessor assessor;
  private final EarlyKeyring keyring;
  private final Map<Instance, PayloadSize> sizes = new HashMap<>();

  Survey(Run run) {
    this.run = run;
    this.assessor = new Assessor(run);
    Machine machine = run.machine();
    this.keyring = new EarlyKeyring(new KeyringLocation(machine.root(), machine.environment()));
    var signed = new SignedManifests(manifestFetcher(run), keyring, machine.clock());
    var freshness = new Freshness(machine.clock(), freshnessEnforced(machine));
    this.catalog =
        new Catalog(
            machine.kernel(),
            (base, verify) -> {
              Manifest manifest = signed.fetch(base, verify).manifest();
              Freshness.Assessment assessment = freshness.assess(manifest, base.toString());
              assessment.warnings().forEach(run::warn);
              return assessment.entries();
            });
  }

  /** Keeps manifests from run to run where there is a place for it. */
  private static Fetcher manifestFetcher(Run run) {
    Machine machine = run.machine();
    try {
      Path inside = Path.of("/").relativize(machine.ownStateDirectory());
      Path own = Chase.below(machine.kernel(), machine.root(), inside, Chase.Links.FOLLOW);
      return new RememberingFetcher(
          run.http(), run.cancellation(), machine.kernel(), own.resolve("manifests"));
    } catch (IOException _) {
      // Nowhere to keep them: they are fetched each time.
      return run.http().stoppedBy(run.cancellation());
    }
  }

  private static boolean freshnessEnforced(Machine machine) {
    return Optional.ofNullable(machine.environment().get("SYSTEMD_SYSUPDATE_VERIFY_FRESHNESS"))
        .flatMap(FieldText::bool)
        .orElse(true);
  }

  /** Sources are going to be asked: what that needs is made ready while definitions are read. */
  void prepareForSources() {
    keyring.begin();
    run.http().prepare();
  }

  /** Who finds out what did not come up. */
  Assessor assessor() {
    return assessor;
  }

  /** What the target of a transfer holds now. */
  Inventory held(ResolvedTransfer transfer) throws UpdateException {
    return catalog.held(transfer);
  }

  /** Everything of an installation; some transfer must be enabled. */
  Overview overview(Installation installation, VersionSets.View view) throws UpdateException {
    try {
      if (installation.enabled().isEmpty()) {
        throw UpdateException.because(
                Reason.NO_DEFINITIONS, "every transfer is disabled by a feature")
            .remedy("enable a feature that the transfers name in Features=")
            .configuration();
      }
      return look(installation, view);
    } catch (UpdateException e) {
      throw e.inState("nothing was changed");
    }
  }

  Overview look(Installation installation, VersionSets.View view) throws UpdateException {
    List<Inventory> enabled = new ArrayList<>();
    for (ResolvedTransfer transfer : installation.enabled()) {
      Inventory held = catalog.held(transfer);
      enabled.add(
          switch (view) {
            case OFFLINE -> held;
            case ONLINE -> held.withOffered(offered(transfer));
          });
    }
    List<Inventory> disabled = new ArrayList<>();
    for (ResolvedTransfer transfer : installation.disabled()) {
      disabled.add(catalog.held(transfer));
    }
    RunningBoot running = assessor.running(installation.bootedVersion(), enabled);
    Judgement judgement = assessor.judge(running, enabled, view);
    Quarantined quarantined = judgement.quarantined(view);
    return new Overview(
        VersionSets.of(enabled, view, quarantined),
        enabled,
        disabled,
        installation.bootedVersion(),
        (disk, number) ->
            installation.partitionsInUse().getOrDefault(disk, Set.of()).contains(number),
        running,
        judgement,
        quarantined,
        assessor.health());
  }

  /**
   * What all sources of a transfer offer together. A source that cannot be used is passed over with
   * a warning as long as another one can.
   */
  private List<Instance> offered(ResolvedTransfer transfer) throws UpdateException {
    List<Instance> offered = new ArrayList<>();
    List<UpdateException> failures = new ArrayList<>();
    for (ResolvedSource source : transfer.sources()) {
      try {
        offered.addAll(catalog.offered(source, verify(transfer)));
      } catch (UpdateException.Interrupted e) {
        throw e;
      } catch (UpdateException e) {
        failures.add(e);
      }
    }
    if (failures.size() == transfer.sources().size()) {
      throw failures.getFirst();
    }
    for (UpdateException failure : failures) {
      run.warn(
          "transfer "
              + Quote.quote(transfer.id())
              + " goes on without one of its sources: "
              + failure.getMessage()
              + failure.found().map(found -> " (" + found + ")").orElse(""));
    }
    return offered;
  }

  /** Whether the manifest of a transfer must be signed. */
  boolean verify(ResolvedTransfer transfer) {
    return run.settings().verify().orElse(transfer.transfer().verify());
  }

  /**
   * How large a payload is, as far as its source tells without sending it. Asked once per run and
   * payload.
   */
  PayloadSize size(Instance offered) throws UpdateException {
    PayloadSize known = sizes.get(offered);
    if (known == null) {
      known =
          switch (offered.type()) {
            case DIRECTORY, SUBVOLUME ->
                new PayloadSize(OptionalLong.empty(), OptionalLong.empty());
            case URL_FILE, URL_TAR, TAR, REGULAR_FILE, PARTITION ->
                PayloadSize.ask(
                    run.http(), payload(offered), unpacking(offered), run.cancellation());
          };
      sizes.put(offered, known);
    }
    return known;
  }

  /** What acquiring a set would transfer and write; a sum is empty if some source does not say. */
  Cost cost(VersionSet set) throws UpdateException {
    OptionalLong download = OptionalLong.of(0);
    OptionalLong install = OptionalLong.of(0);
    for (Member member : set.members()) {
      if (!member.acquired() && member.offered().isPresent()) {
        Instance source = shortest(member);
        PayloadSize size = size(source);
        OptionalLong named = source.metadata().sizeBytes();
        download = sum(download, size.transferBytes());
        install = sum(install, named.isPresent() ? named : size.leastBytes());
      }
    }
    return new Cost(download, install);
  }

  /** Of the payloads that bring the same content, the one that is transferred soonest. */
  Instance shortest(Member member) throws UpdateException {
    List<Instance> alternatives = member.alternatives();
    Instance shortest = alternatives.getFirst();
    if (alternatives.size() > 1) {
      for (Instance other : alternatives) {
        long bytes = size(other).transferBytes().orElse(Long.MAX_VALUE);
        if (bytes < size(shortest).transferBytes().orElse(Long.MAX_VALUE)) {
          shortest = other;
        }
      }
    }
    return shortest;
  }

  private static OptionalLong sum(OptionalLong one, OptionalLong other) {
    return one.isPresent() && other.isPresent()
        ? OptionalLong.of(Math.addExact(one.getAsLong(), other.getAsLong()))
        : OptionalLong.empty();
  }

  static Unpacking unpacking(Instance source) {
    boolean decompress =
        switch (source) {
          case Instance.OnWeb web -> web.decompress();
          case Instance.InDirectory file -> file.decompress();
          case Instance.InPartition _ -> true;
        };
    return decompress ? Unpacking.DETECT : Unpacking.AS_IS;
  }

  static Payload payload(Instance source) {
    return switch (source) {
      case Instance.OnWeb web -> new Payload.Url(web.uri());
      case Instance.InDirectory file -> new Payload.LocalFile(file.path());
      case Instance.InPartition slot ->
          throw new IllegalStateException("a partition is no source: " + slot.location());
    };
  }
}
