package org.particleos.update.crash;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;

/**
 * All the machines that a power cut can leave, after every change of a recording: with nothing that
 * was on its way, with all of it, and with parts of it in any order. Where little is on its way
 * every combination is tried, else some that a seed chooses.
 */
public final class PowerCuts {
  /** Up to so many pieces every combination is tried: 128 of them. */
  private static final int EXHAUSTIVE_PIECES = 7;

  /** In which way pieces get lost. */
  private enum Style {
    /** Each change as a whole, or not at all. */
    CHANGES,
    /** Each sector for itself. */
    SECTORS,
    /** In order, and torn within the last one. */
    TORN,
    /** One change is lost. */
    ALL_BUT_ONE,
    /** Only one change arrived. */
    ONLY_ONE,
    /** Names arrived, content did not. */
    NAMES,
    /** Content arrived, names did not. */
    CONTENT
  }

  private final Recording recording;
  private final long seed;
  private final int samples;

  /**
   * @param samples how many combinations to try after each change where there are too many for all
   */
  public PowerCuts(Recording recording, long seed, int samples) {
    this.recording = recording;
    this.seed = seed;
    this.samples = samples;
  }

  /**
   * Shows each machine once.
   *
   * @param visitor false to see no more
   * @return how many machines were different
   */
  public int forEach(Predicate<Cut> visitor) {
    Set<String> seen = new HashSet<>();
    var replay = new Replay(recording);
    for (int prefix = 0; prefix <= recording.operations(); prefix++) {
      if (prefix > 0) {
        replay.take(recording.changes().get(prefix - 1));
      }
      for (var arrival : arrivals(replay, new Random(seed * 31 + prefix))) {
        var cut =
            new Cut(
                "seed " + seed + ", after change " + prefix + ": " + arrival, replay.cut(arrival));
        if (seen.add(cut.fingerprint()) && !visitor.test(cut)) {
          return seen.size();
        }
      }
    }
    return seen.size();
  }

  /** With a name, for whoever has to find out why. */
  private record Named(String name, Replay.Arrival arrival) implements Replay.Arrival {
    @Override
    public boolean arrived(int change, int piece) {
      return arrival.arrived(change, piece);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private List<Named> arrivals(Replay replay, Random random) {
    List<Named> arrivals = new ArrayList<>();
    arrivals.add(new Named("all", (_, _) -> true));
    if (replay.pending() == 0) {
      return arrivals;
    }
    arrivals.add(new Named("none", (_, _) -> false));
    if (replay.pieces(EXHAUSTIVE_PIECES) <= EXHAUSTIVE_PIECES) {
      for (int bits = 1; bits < (1 << replay.pieces(EXHAUSTIVE_PIECES)) - 1; bits++) {
        arrivals.add(combination(replay, bits));
      }
      return arrivals;
    }
    arrivals.add(new Named("NAMES", (change, _) -> !replay.isContent(change)));
    arrivals.add(new Named("CONTENT", (change, _) -> replay.isContent(change)));
    for (int i = 0; i < samples; i++) {
      arrivals.add(sample(replay, random));
    }
    return arrivals;
  }

  private static Named combination(Replay replay, int bits) {
    int[] first = new int[replay.pending()];
    for (int i = 1; i < first.length; i++) {
      first[i] = first[i - 1] + replay.piecesOf(i - 1);
    }
    return new Named(
        "pieces " + Integer.toBinaryString(bits),
        (change, piece) -> (bits >> (first[change] + piece) & 1) != 0);
  }

  private static Named sample(Replay replay, Random random) {
    Style style = Style.values()[random.nextInt(Style.values().length)];
    int chosen = random.nextInt(replay.pending());
    long salt = random.nextLong();
    int torn = random.nextInt(replay.piecesOf(chosen) + 1);
    int percent = random.nextInt(100);
    Replay.Arrival arrival =
        switch (style) {
          case CHANGES -> (change, _) -> draw(salt, change, 0) < percent;
          case SECTORS -> (change, piece) -> draw(salt, change, piece + 1) < percent;
          case TORN -> (change, piece) -> change < chosen || (change == chosen && piece < torn);
          case ALL_BUT_ONE -> (change, _) -> change != chosen;
          case ONLY_ONE -> (change, _) -> change == chosen;
          case NAMES ->
              (change, piece) -> !replay.isContent(change) || draw(salt, change, piece) < percent;
          case CONTENT ->
              (change, piece) -> replay.isContent(change) || draw(salt, change, piece) < percent;
        };
    return new Named(style + " " + chosen + " " + torn + " " + percent + " " + salt, arrival);
  }

  /** The same number below 100 for the same piece, whenever it is asked for. */
  private static int draw(long salt, int change, int piece) {
    long mixed = salt + change * 0x9E3779B97F4A7C15L + piece * 0xC2B2AE3D27D4EB4FL;
    mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return (int) Math.floorMod(mixed ^ (mixed >>> 31), 100L);
  }
}
