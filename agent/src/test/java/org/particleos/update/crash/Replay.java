package org.particleos.update.crash;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Goes through a recording, and knows at each point what is on the disk for sure and what is still
 * on its way there.
 */
final class Replay {
  /** Decides of each piece that is on its way whether it arrived. */
  @FunctionalInterface
  interface Arrival {
    /**
     * Asked once for each piece, in the order of the changes.
     *
     * @param change its place among the changes that are on their way
     * @param piece counted within the change
     */
    boolean arrived(int change, int piece);
  }

  /** The only piece of a change that happens as a whole; the size of a file that grows. */
  private static final int WHOLE = 0;

  /** A name that goes, and the clusters of a file that has none any more. */
  private static final int SECOND = 1;

  private static final int THIRD = 2;

  private final Storage durable;
  private final List<Pending> pending = new ArrayList<>();

  Replay(Recording recording) {
    this.durable = recording.before();
  }

  /** A change that is on its way. */
  private static final class Pending {
    final Change change;

    /** Sectors of a write that are not on the disk already, counted from its first one. */
    final int[] sectors;

    /** What a file without a journal would be overrun by, were it not gone. */
    byte[] overrunBy = new byte[0];

    Pending(Change change, int... sectors) {
      this.change = change;
      this.sectors = sectors;
    }
  }

  /** Goes one change further. */
  void take(Change change) {
    switch (change) {
      case Change.Sync(int node) -> settle(one -> contentOf(one, node));
      case Change.Lost(int node) ->
          pending.removeIf(one -> one.change instanceof Change.Write write && write.node() == node);
      case Change.SyncNames(int directory) -> settleNames(directory);
      case Change.SyncVolume(Volume volume) -> settle(one -> volume(one) == volume);
      case Change.SyncAll() -> settle(_ -> true);
      case Change.Write write -> {
        if (durable.volume(write.node()).fat()) {
          noteReuse(write);
        }
        pending.add(new Pending(write, sectorsThatDiffer(write)));
      }
      case Change.Resize _, Change.Name _, Change.Move _, Change.Exchange _, Change.Unname _ ->
          pending.add(new Pending(change));
    }
  }

  /**
   * Most of a partition table is written as it was: such a sector cannot get lost, unless one that
   * is on its way, too, was meant to change it.
   */
  private int[] sectorsThatDiffer(Change.Write write) {
    byte[] bytes = write.bytes();
    int first = write.offset() / Storage.SECTOR;
    int end = Math.ceilDiv(write.offset() + bytes.length, Storage.SECTOR);
    boolean alone =
        pending.stream()
            .noneMatch(one ->
                one.change instanceof Change.Write other
                    && other.node() == write.node()
                    && other.offset() < end * Storage.SECTOR
                    && other.offset() + other.bytes().length > first * Storage.SECTOR);
    return IntStream.range(first, end)
        .filter(sector -> {
          int from = Math.max(write.offset(), sector * Storage.SECTOR);
          int to = Math.min(write.offset() + bytes.length, (sector + 1) * Storage.SECTOR);
          return !alone
              || !durable.holds(
                  write.node(), from, bytes, from - write.offset(), to - write.offset());
        })
        .map(sector -> sector - first)
        .toArray();
  }

  private void noteReuse(Change.Write write) {
    for (Pending one : pending) {
      int freed = freed(one.change);
      if (freed != Storage.NOTHING
          && freed != write.node()
          && durable.volume(freed) == durable.volume(write.node())
          && !durable.isDirectory(freed)) {
        one.overrunBy = write.bytes();
      }
    }
  }

  private static int freed(Change change) {
    return switch (change) {
      case Change.Move move -> move.freed();
      case Change.Unname unname -> unname.freed();
      case Change.Write _,
          Change.Resize _,
          Change.Name _,
          Change.Exchange _,
          Change.Sync _,
          Change.Lost _,
          Change.SyncNames _,
          Change.SyncVolume _,
          Change.SyncAll _ ->
          Storage.NOTHING;
    };
  }

  private static boolean contentOf(Change change, int node) {
    return switch (change) {
      case Change.Write write -> write.node() == node;
      case Change.Resize resize -> resize.node() == node;
      case Change.Name _,
          Change.Move _,
          Change.Exchange _,
          Change.Unname _,
          Change.Sync _,
          Change.Lost _,
          Change.SyncNames _,
          Change.SyncVolume _,
          Change.SyncAll _ ->
          false;
    };
  }

  /** The directory that a change of names is in, else {@link Storage#NOTHING}. */
  private static int directory(Change change) {
    return switch (change) {
      case Change.Name name -> name.directory();
      case Change.Move move -> move.to();
      case Change.Exchange exchange -> exchange.one();
      case Change.Unname unname -> unname.directory();
      case Change.Write _,
          Change.Resize _,
          Change.Sync _,
          Change.Lost _,
          Change.SyncNames _,
          Change.SyncVolume _,
          Change.SyncAll _ ->
          Storage.NOTHING;
    };
  }

  private Volume volume(Change change) {
    int directory = directory(change);
    if (directory != Storage.NOTHING) {
      return durable.volume(directory);
    }
    return switch (change) {
      case Change.Write write -> durable.volume(write.node());
      case Change.Resize resize -> durable.volume(resize.node());
      case Change.Name _,
          Change.Move _,
          Change.Exchange _,
          Change.Unname _,
          Change.Sync _,
          Change.Lost _,
          Change.SyncNames _,
          Change.SyncVolume _,
          Change.SyncAll _ ->
          throw new IllegalStateException("never on its way: " + change);
    };
  }

  private void settle(Predicate<Change> settled) {
    for (Iterator<Pending> all = pending.iterator(); all.hasNext(); ) {
      Change change = all.next().change;
      if (settled.test(change)) {
        apply(durable, change);
        all.remove();
      }
    }
  }

  /** A journal is written up to the last change of the directory; without one that is all. */
  private void settleNames(int directory) {
    if (durable.volume(directory) != Volume.JOURNALED) {
      settle(change -> directory(change) == directory);
      return;
    }
    int last = -1;
    for (int i = 0; i < pending.size(); i++) {
      if (directory(pending.get(i).change) == directory) {
        last = i;
      }
    }
    List<Change> journal =
        pending.subList(0, last + 1).stream()
            .map(one -> one.change)
            .filter(this::inJournal)
            .toList();
    settle(journal::contains);
  }

  private boolean inJournal(Change change) {
    int directory = directory(change);
    return directory != Storage.NOTHING && durable.volume(directory) == Volume.JOURNALED;
  }

  // ---- What a power cut here leaves ----

  /** How many changes are on their way. */
  int pending() {
    return pending.size();
  }

  /** How many pieces they have together, but at most so many. */
  int pieces(int limit) {
    int pieces = 0;
    for (int i = 0; i < pending.size() && pieces <= limit; i++) {
      pieces += pieces(pending.get(i));
    }
    return pieces;
  }

  /** How many pieces a change that is on its way has. */
  int piecesOf(int change) {
    return pieces(pending.get(change));
  }

  private int pieces(Pending one) {
    return switch (one.change) {
      // That a disk becomes no longer is no piece.
      case Change.Write write ->
          one.sectors.length + (durable.volume(write.node()) == Volume.DISK ? 0 : 1);
      case Change.Move move -> durable.volume(move.to()).fat() ? THIRD + 1 : 1;
      case Change.Unname _ -> one.overrunBy.length > 0 ? 2 : 1;
      case Change.Resize _,
          Change.Name _,
          Change.Exchange _,
          Change.Sync _,
          Change.Lost _,
          Change.SyncNames _,
          Change.SyncVolume _,
          Change.SyncAll _ ->
          1;
    };
  }

  /** Whether the change is one of content and not of names. */
  boolean isContent(int change) {
    return directory(pending.get(change).change) == Storage.NOTHING;
  }

  /** The machine after everything that was asked for. */
  Storage everything() {
    return cut((_, _) -> true);
  }

  /** What is on the disk for sure. */
  Storage durable() {
    return durable.copy();
  }

  /** The machine after a power cut here. */
  Storage cut(Arrival arrival) {
    Storage left = durable.copy();
    boolean journalGoesOn = true;
    for (int i = 0; i < pending.size(); i++) {
      Pending one = pending.get(i);
      switch (one.change) {
        case Change.Write write -> cutWrite(left, one, write, i, arrival);
        case Change.Resize _ -> {
          if (arrival.arrived(i, WHOLE)) {
            apply(left, one.change);
          }
        }
        case Change.Name _, Change.Move _, Change.Exchange _, Change.Unname _ -> {
          if (inJournal(one.change)) {
            journalGoesOn &= arrival.arrived(i, WHOLE);
            if (journalGoesOn) {
              apply(left, one.change);
            }
          } else {
            cutNames(left, one, i, arrival);
          }
        }
        case Change.Sync _,
            Change.Lost _,
            Change.SyncNames _,
            Change.SyncVolume _,
            Change.SyncAll _ ->
            throw new IllegalStateException("never on its way: " + one.change);
      }
    }
    return left;
  }

  private static void cutWrite(
      Storage left, Pending one, Change.Write write, int change, Arrival arrival) {
    int offset = write.offset();
    int length = write.bytes().length;
    int piece = 0;
    if (left.volume(write.node()) != Volume.DISK && arrival.arrived(change, piece++)) {
      left.grow(write.node(), offset + length);
    }
    int first = offset / Storage.SECTOR;
    for (int sector : one.sectors) {
      if (arrival.arrived(change, piece++)) {
        int from = Math.max(0, (first + sector) * Storage.SECTOR - offset);
        int to = Math.min(length, (first + sector + 1) * Storage.SECTOR - offset);
        left.write(write.node(), offset, write.bytes(), from, to);
      }
    }
  }

  private static void cutNames(Storage left, Pending one, int change, Arrival arrival) {
    switch (one.change) {
      case Change.Name(int directory, String name, int node) -> {
        if (arrival.arrived(change, WHOLE)) {
          left.name(directory, name, node);
        }
      }
      case Change.Move move -> {
        if (arrival.arrived(change, WHOLE)) {
          left.name(move.to(), move.toName(), move.node());
        } else {
          overrun(left, one, move.freed(), change, THIRD, arrival);
        }
        if (arrival.arrived(change, SECOND)) {
          left.unname(move.from(), move.fromName());
        }
      }
      case Change.Unname(int directory, String name, int freed) -> {
        if (arrival.arrived(change, WHOLE)) {
          left.unname(directory, name);
        } else {
          overrun(left, one, freed, change, SECOND, arrival);
        }
      }
      case Change.Exchange exchange -> {
        if (arrival.arrived(change, WHOLE)) {
          apply(left, exchange);
        }
      }
      case Change.Write _,
          Change.Resize _,
          Change.Sync _,
          Change.Lost _,
          Change.SyncNames _,
          Change.SyncVolume _,
          Change.SyncAll _ ->
          throw new IllegalStateException("no change of names: " + one.change);
    }
  }

  private static void overrun(
      Storage left, Pending one, int freed, int change, int piece, Arrival arrival) {
    if (freed != Storage.NOTHING && one.overrunBy.length > 0 && arrival.arrived(change, piece)) {
      left.overrun(freed, one.overrunBy);
    }
  }

  private static void apply(Storage storage, Change change) {
    switch (change) {
      case Change.Write(int node, int offset, byte[] bytes) -> {
        storage.grow(node, offset + bytes.length);
        storage.write(node, offset, bytes, 0, bytes.length);
      }
      case Change.Resize(int node, int bytes) -> storage.resize(node, bytes);
      case Change.Name(int directory, String name, int node) -> storage.name(directory, name, node);
      case Change.Move move -> {
        storage.unname(move.from(), move.fromName());
        storage.name(move.to(), move.toName(), move.node());
      }
      case Change.Exchange exchange -> {
        storage.name(exchange.one(), exchange.oneName(), exchange.otherNode());
        storage.name(exchange.other(), exchange.otherName(), exchange.oneNode());
      }
      case Change.Unname(int directory, String name, int _) -> storage.unname(directory, name);
      case Change.Sync _,
          Change.Lost _,
          Change.SyncNames _,
          Change.SyncVolume _,
          Change.SyncAll _ ->
          throw new IllegalStateException("a barrier changes nothing: " + change);
    }
  }
}
