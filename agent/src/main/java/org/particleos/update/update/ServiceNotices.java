package org.particleos.update.update;

import java.util.Optional;
import org.particleos.update.notify.ServiceManager;
import org.particleos.update.notify.ServiceMessage;
import org.particleos.update.version.Version;

/**
 * Tells the service manager what a run does (update-algorithm.md 17), then hands the event on.
 *
 * <p>Deviation: H-14, readiness is also reported when what is to be acquired is here already.
 */
public final class ServiceNotices implements UpdateEvent.Observer {
  private final ServiceManager manager;
  private final UpdateEvent.Observer next;
  private Optional<Version> version = Optional.empty();
  private int transfers = 1;
  private int lastTransfer = -1;
  private int lastPercent = -1;

  public ServiceNotices(ServiceManager manager, UpdateEvent.Observer next) {
    this.manager = manager;
    this.next = next;
  }

  @Override
  public void on(UpdateEvent event) {
    if (manager.listening()) {
      tell(event);
    }
    next.on(event);
  }

  private void tell(UpdateEvent event) {
    switch (event) {
      case UpdateEvent.MakingRoom(var set) ->
          manager.send(
              ServiceMessage.ready(set.version(), "Making room for '" + set.version() + "'."));
      case UpdateEvent.AlreadyAcquired(var set) ->
          manager.send(
              ServiceMessage.ready(set.version(), "'" + set.version() + "' is here already."));
      case UpdateEvent.AcquireStarted(var set, var count, _) -> {
        version = Optional.of(set.version());
        transfers = count;
        manager.send(ServiceMessage.status("Updating to '" + set.version() + "'."));
      }
      case UpdateEvent.TransferStarted start -> progress(start.index(), 0);
      case UpdateEvent.TransferProgress progress -> {
        long total = progress.totalBytes().orElse(0);
        if (total > 0) {
          progress(
              progress.index(), (int) Math.min(100, progress.bytesTransferred() * 100 / total));
        }
      }
      case UpdateEvent.TransferFinished finished -> progress(finished.index(), 100);
      case UpdateEvent.InstallStarted(var set) ->
          manager.send(ServiceMessage.ready(set.version(), "Installing '" + set.version() + "'."));
      case UpdateEvent.Installed(var set) -> manager.send(ServiceMessage.installed(set.version()));
      case UpdateEvent.Warning _,
          UpdateEvent.Notice _,
          UpdateEvent.Detail _,
          UpdateEvent.Removing _,
          UpdateEvent.SweptLeftovers _,
          UpdateEvent.TransferKept _,
          UpdateEvent.MemberInstalled _,
          UpdateEvent.RemovedOrphan _,
          UpdateEvent.VerificationStarted _,
          UpdateEvent.VerificationProgress _,
          UpdateEvent.VerificationFinished _,
          UpdateEvent.RootHashSigned _ -> {}
    }
  }

  private void progress(int index, int percent) {
    int overall = ServiceMessage.overallPercent(index, transfers, percent);
    boolean news = index != lastTransfer || overall != lastPercent;
    if (news && version.isPresent()) {
      lastTransfer = index;
      lastPercent = overall;
      manager.send(ServiceMessage.progress(version.get(), index, transfers, percent));
    }
  }
}
