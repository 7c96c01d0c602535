package org.particleos.update.update;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.history.Asker;
import org.particleos.update.history.Entry;
import org.particleos.update.history.History;

/**
 * Sees what a run does and writes it into the history of the system: of runs that changed something
 * or failed. That the history cannot be written never spoils a run.
 */
final class Bookkeeping implements UpdateEvent.Observer {
  private final Machine machine;
  private final DefinitionPlace place;
  private final Asker asker;
  private final UpdateEvent.Observer observer;
  private boolean changed;
  private Optional<String> from = Optional.empty();
  private Optional<String> to = Optional.empty();
  private Amounts finished = Amounts.NONE;
  private Amounts current = Amounts.NONE;

  private record Amounts(long fetched, long reused, long written) {
    static final Amounts NONE = new Amounts(0, 0, 0);

    Amounts plus(Amounts other) {
      return new Amounts(fetched + other.fetched, reused + other.reused, written + other.written);
    }
  }

  Bookkeeping(Machine machine, DefinitionPlace place, Asker asker, UpdateEvent.Observer observer) {
    this.machine = machine;
    this.place = place;
    this.asker = asker;
    this.observer = observer;
  }

  @Override
  public void on(UpdateEvent event) {
    switch (event) {
      case UpdateEvent.Removing _, UpdateEvent.SweptLeftovers _, UpdateEvent.RemovedOrphan _ ->
          changed = true;
      case UpdateEvent.MakingRoom(var set) -> to = Optional.of(set.version().text());
      case UpdateEvent.AcquireStarted(var set, _, _) -> to = Optional.of(set.version().text());
      case UpdateEvent.InstallStarted(var set) -> to = Optional.of(set.version().text());
      case UpdateEvent.TransferStarted _ -> {
        changed = true;
        keep();
      }
      case UpdateEvent.TransferProgress now ->
          current = new Amounts(now.bytesTransferred(), now.bytesReused(), now.bytesWritten());
      case UpdateEvent.TransferFinished now -> {
        current = new Amounts(now.bytesTransferred(), now.bytesReused(), now.bytesWritten());
        keep();
      }
      case UpdateEvent.MemberInstalled _ -> changed = true;
      case UpdateEvent.Warning _,
          UpdateEvent.Notice _,
          UpdateEvent.Detail _,
          UpdateEvent.AlreadyAcquired _,
          UpdateEvent.TransferKept _,
          UpdateEvent.Installed _,
          UpdateEvent.RootHashSigned _,
          UpdateEvent.VerificationStarted _,
          UpdateEvent.VerificationProgress _,
          UpdateEvent.VerificationFinished _ -> {}
    }
    observer.on(event);
  }

  /** What was transferred until now stays counted; what follows is another part. */
  private void keep() {
    finished = finished.plus(current);
    current = Amounts.NONE;
  }

  /** What was there before. */
  void found(Optional<String> installed) {
    from = installed;
  }

  /** What is brought in. */
  void chosen(String version) {
    to = Optional.of(version);
  }

  /** Something was changed that no event tells. */
  void changed() {
    changed = true;
  }

  private void begin() {
    changed = false;
    from = Optional.empty();
    to = Optional.empty();
    finished = Amounts.NONE;
    current = Amounts.NONE;
  }

  /** Work with a result. */
  interface Work<T> {
    T run() throws UpdateException;
  }

  /** Says in one word what came of it. */
  interface Naming<T> {
    String of(T result);
  }

  /** Does the work, and writes down what it did. */
  <T> T recorded(Entry.Action action, String caller, Naming<T> naming, Work<T> work)
      throws UpdateException {
    begin();
    Instant started = machine.clock().instant();
    T result;
    try {
      result = work.run();
    } catch (UpdateException failure) {
      if (isEvent(failure)) {
        String message = String.valueOf(failure.getMessage());
        try {
          write(
              entry(
                  action,
                  caller,
                  started,
                  new Entry.Result.Failed(failure.reason().name(), message)));
        } catch (IOException unwritten) {
          // Whoever reads the failure has a greater worry.
          failure.addSuppressed(unwritten);
        }
      }
      throw failure;
    }
    if (changed) {
      try {
        write(entry(action, caller, started, new Entry.Result.Done(naming.of(result))));
      } catch (IOException unwritten) {
        observer.on(
            new UpdateEvent.Warning(
                "this run is missing in the history: " + unwritten.getMessage()));
      }
    }
    return result;
  }

  /** That there is nothing to update here is no event of the machine's life. */
  private static boolean isEvent(UpdateException failure) {
    return failure.reason() != Reason.COMPONENT_DISABLED
        && failure.reason() != Reason.NO_DEFINITIONS;
  }

  private Entry entry(Entry.Action action, String caller, Instant started, Entry.Result result) {
    Instant now = machine.clock().instant();
    keep();
    return new Entry(
        now,
        action,
        caller,
        asker,
        Entry.target(place),
        from,
        to,
        finished.fetched,
        finished.reused,
        finished.written,
        Duration.between(started, now),
        result);
  }

  private void write(Entry entry) throws IOException {
    new History(machine.kernel(), machine.root(), machine.ownStateDirectory()).add(entry);
  }
}
