package org.particleos.update.update;

import java.util.List;
import java.util.Optional;
import org.particleos.update.assess.FailedVersion;
import org.particleos.update.assess.HealthRun;
import org.particleos.update.assess.Judgement;
import org.particleos.update.assess.RunningBoot;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.plan.Quarantined;
import org.particleos.update.plan.SlotUse;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.plan.VersionSets;

/**
 * What is installed and offered.
 *
 * @param enabled inventories of the enabled transfers, in transfer order
 * @param disabled inventories of the disabled ones; their offers are not asked for
 * @param bootedVersion {@code IMAGE_VERSION} of the running system
 * @param slotUse which slots the running system stands on
 * @param running what runs, as far as boot loader and kernel tell
 * @param judgement which versions did not come up
 * @param quarantined what that means for decisions
 * @param health how the health checks of the last start that had some ended
 */
public record Overview(
    VersionSets sets,
    List<Inventory> enabled,
    List<Inventory> disabled,
    Optional<String> bootedVersion,
    SlotUse slotUse,
    RunningBoot running,
    Judgement judgement,
    Quarantined quarantined,
    Optional<HealthRun> health) {
  public Overview {
    enabled = List.copyOf(enabled);
    disabled = List.copyOf(disabled);
  }

  /** Versions that this machine was started with in vain, oldest first. */
  public List<FailedVersion> failed() {
    return judgement.failed();
  }

  /** The one of them with this version. */
  public Optional<FailedVersion> failed(String version) {
    return failed().stream().filter(each -> each.version().text().equals(version)).findFirst();
  }

  List<FailedVersion> remembered() {
    return judgement.remembered();
  }

  /** The set of exactly this spelling (update-algorithm.md 6.1). */
  public VersionSet named(String version) throws UpdateException {
    Optional<VersionSet> named = sets.named(version);
    if (named.isEmpty()) {
      throw UpdateException.because(
              Reason.VERSION_NOT_FOUND, "Update '" + quoted(version) + "' not found.")
          .state("nothing was changed")
          .remedy("see which versions there are: particle-update list")
          .notAvailable();
    }
    return named.get();
  }

  /** Escaped, and between the quotes of the reference, which scripts may look for. */
  private static String quoted(String version) {
    String quoted = Quote.quote(version);
    return quoted.substring(1, quoted.length() - 1);
  }
}
