package org.particleos.update.delta;

import java.util.Optional;

/**
 * Which parts of a payload are asked for, so that all missing blocks come with them. Parts that are
 * close to each other are asked for at once, as long as what lies between them stays a small part
 * of the whole.
 */
final class FetchPlan {
  /** Gaps that may be fetched along, the first that keeps to {@link #GAP_PERCENT_MAX}. */
  private static final int[] GAPS_BYTES = {64 << 10, 32 << 10, 16 << 10, 8 << 10, 4 << 10, 0};

  /** How much of what is needed may be fetched in addition. */
  private static final int GAP_PERCENT_MAX = 5;

  /** Small enough that several connections share the work and a broken one loses little. */
  static final long REQUEST_BYTES_MAX = 8 << 20;

  /** What a question and its answer cost, as bytes that could have come meanwhile. */
  static final long REQUEST_COST_BYTES = 16 << 10;

  /** Neighbouring pieces that are asked for at once. */
  record Request(int firstPiece, int pieces) {
    int end() {
      return firstPiece + pieces;
    }
  }

  /**
   * What it takes.
   *
   * @param bytes of the payload, gaps included
   */
  record Cost(long bytes, long requests) {
    /** For comparing payloads with each other. */
    long weight() {
      return bytes + requests * REQUEST_COST_BYTES;
    }
  }

  private final BlockMap map;
  private final Layout layout;
  private final int blockBytes;
  private final int gapBytesMax;
  private final Cost cost;
  private int cursor;

  FetchPlan(BlockMap map, Layout layout, int blockBytes) {
    this.map = map;
    this.layout = layout;
    this.blockBytes = blockBytes;
    long needed = cost(-1).bytes();
    int gap = 0;
    Cost chosen = cost(GAPS_BYTES[gap]);
    while (GAPS_BYTES[gap] > 0 && chosen.bytes() - needed > needed / 100 * GAP_PERCENT_MAX) {
      gap++;
      chosen = cost(GAPS_BYTES[gap]);
    }
    this.gapBytesMax = GAPS_BYTES[gap];
    this.cost = chosen;
  }

  Cost cost() {
    return cost;
  }

  private Cost cost(int gap) {
    long bytes = 0;
    long requests = 0;
    for (var next = after(0, gap); next.isPresent(); next = after(next.get().end(), gap)) {
      bytes += bytes(next.get());
      requests++;
    }
    return new Cost(bytes, requests);
  }

  private long bytes(Request request) {
    return layout.packedStart(request.end()) - layout.packedStart(request.firstPiece());
  }

  /**
   * The next request, for whichever thread asks; empty after the last one. Blocks that come to be
   * missing meanwhile, before what was given out, are left for another plan.
   */
  synchronized Optional<Request> next() {
    var request = after(cursor, gapBytesMax);
    cursor = request.map(Request::end).orElse(layout.pieces());
    return request;
  }

  private Optional<Request> after(int piece, int gap) {
    int first = piece;
    while (first < layout.pieces() && !needed(first)) {
      first++;
    }
    if (first == layout.pieces()) {
      return Optional.empty();
    }
    int end = first + 1;
    for (int next = end; next < layout.pieces(); next++) {
      long last = layout.packedStart(next + 1);
      if (last - layout.packedStart(first) > REQUEST_BYTES_MAX) {
        break;
      }
      if (needed(next)) {
        end = next + 1;
      } else if (last - layout.packedStart(end) > gap) {
        break;
      }
    }
    return Optional.of(new Request(first, end - first));
  }

  private boolean needed(int piece) {
    int end = (int) Math.ceilDiv(layout.start(piece + 1), (long) blockBytes);
    for (int block = (int) (layout.start(piece) / blockBytes); block < end; block++) {
      if (map.missing(block)) {
        return true;
      }
    }
    return false;
  }
}
