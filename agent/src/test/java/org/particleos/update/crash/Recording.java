package org.particleos.update.crash;

import java.util.List;

/** What a machine held before a command, and everything that the command changed. */
public final class Recording {
  /** Everything that had a name, and what was born later, without one. */
  private final Storage before;

  private final List<Change> changes;

  Recording(Storage before, List<Change> changes) {
    this.before = before;
    this.changes = List.copyOf(changes);
  }

  Storage before() {
    return before.copy();
  }

  List<Change> changes() {
    return changes;
  }

  /** How many changes and barriers there were. */
  public int operations() {
    return changes.size();
  }

  /** What it would be if the program did not wait for its data, but for names as before. */
  public Recording withoutFlushesOfContent() {
    return new Recording(
        before, changes.stream().filter(change -> !(change instanceof Change.Sync)).toList());
  }

  /** What it would be if the program did not wait for names, but for its data as before. */
  public Recording withoutFlushesOfNames() {
    return new Recording(
        before, changes.stream().filter(change -> !(change instanceof Change.SyncNames)).toList());
  }

  private Replay replayed() {
    var replay = new Replay(this);
    changes.forEach(replay::take);
    return replay;
  }

  /** What a node holds for sure at the end, whenever the power goes. */
  byte[] durable(int node) {
    return replayed().durable().content(node);
  }

  /** The machine at the end, with everything that was asked for and nothing that was lost. */
  public Cut everything() {
    return new Cut("everything", replayed().everything());
  }
}
