package org.particleos.update.update;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.particleos.update.acquire.Payload;
import org.particleos.update.acquire.PayloadSize;
import org.particleos.update.catalog.Catalog;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.ResolvedTransfer;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.FieldText;
import org.particleos.update.plan.Member;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.plan.VersionSets;
import org.particleos.update.trust.Freshness;
import org.particleos.update.trust.KeyringLocation;
import org.particleos.update.trust.Manifest;
import org.particleos.update.trust.SignedManifests;

/** Looks at what targets hold and sources offer. Changes nothing. */
final class Survey {
  private final Run run;
  private final Catalog catalog;
  private final Map<Instance, PayloadSize> sizes = new HashMap<>();

  Survey(Run run) {
    this.run = run;
    Machine machine = run.machine();
    var signed =
        new SignedManifests(
            run.http().stoppedBy(run.cancellation()),
            new KeyringLocation(machine.root(), machine.environment()),
            machine.clock());
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

  private static boolean freshnessEnforced(Machine machine) {
    return Optional.ofNullable(machine.environment().get("SYSTEMD_SYSUPDATE_VERIFY_FRESHNESS"))
        .flatMap(FieldText::bool)
        .orElse(true);
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
            case ONLINE -> held.withOffered(catalog.offered(transfer, verify(transfer)));
          });
    }
    List<Inventory> disabled = new ArrayList<>();
    for (ResolvedTransfer transfer : installation.disabled()) {
      disabled.add(catalog.held(transfer));
    }
    return new Overview(
        VersionSets.of(enabled, view),
        enabled,
        disabled,
        installation.bootedVersion(),
        (disk, number) ->
            installation.partitionsInUse().getOrDefault(disk, Set.of()).contains(number));
  }

  private boolean verify(ResolvedTransfer transfer) {
    return run.settings().verify().orElse(transfer.transfer().verify());
  }

  /**
   * How large a payload is, as far as its source tells without sending it. Asked once per run and
   * payload.
   */
  PayloadSize size(Instance offered) throws UpdateException {
    PayloadSize known = sizes.get(offered);
    if (known == null) {
      known = PayloadSize.ask(run.http(), payload(offered), run.cancellation());
      sizes.put(offered, known);
    }
    return known;
  }

  /** What acquiring a set would transfer; empty if some source does not say. */
  OptionalLong downloadBytes(VersionSet set) throws UpdateException {
    long total = 0;
    for (Member member : set.members()) {
      if (!member.acquired() && member.offered().isPresent()) {
        OptionalLong bytes = size(member.offered().get()).transferBytes();
        if (bytes.isEmpty()) {
          return OptionalLong.empty();
        }
        total += bytes.getAsLong();
      }
    }
    return OptionalLong.of(total);
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
