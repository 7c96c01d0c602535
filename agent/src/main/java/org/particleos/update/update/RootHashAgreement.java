package org.particleos.update.update;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.particleos.update.failure.Quote;
import org.particleos.update.verity.RootHash;

/**
 * Weighs what the parts of a version say about one root hash: who says something else than the
 * others does not belong to them. Decides; reads nothing.
 *
 * @param misfits what contradicts the others, one for each claim
 * @param decided whether the others are more, so that it is known who does not fit; else the
 *     misfits are all that contradict each other
 */
record RootHashAgreement(List<Claim> misfits, boolean decided) {
  RootHashAgreement {
    misfits = List.copyOf(misfits);
  }

  /** What one part says about the root hash. */
  sealed interface Claim {
    /** The part's transfer. */
    String transferId();

    /** A sentence without its end, for people. */
    String text();

    boolean fits(RootHash root);

    /**
     * Names all of it.
     *
     * @param saying a clause before the root hash, such as {@code its hash tree leads to}
     */
    record Whole(String transferId, String saying, RootHash root) implements Claim {
      @Override
      public String text() {
        return Quote.quote(transferId) + ": " + saying + " " + root;
      }

      @Override
      public boolean fits(RootHash other) {
        return root.equals(other);
      }
    }

    /** The UUID of a data partition, which is the beginning of the root hash. */
    record DataUuid(String transferId, UUID uuid) implements Claim {
      @Override
      public String text() {
        return Quote.quote(transferId) + ": its partition has the UUID " + uuid;
      }

      @Override
      public boolean fits(RootHash root) {
        return root.dataUuid().equals(uuid);
      }
    }

    /** The UUID of a verity partition, which is the end of the root hash. */
    record VerityUuid(String transferId, UUID uuid) implements Claim {
      @Override
      public String text() {
        return Quote.quote(transferId) + ": its partition has the UUID " + uuid;
      }

      @Override
      public boolean fits(RootHash root) {
        return root.verityUuid().equals(uuid);
      }
    }
  }

  boolean fits() {
    return misfits.isEmpty();
  }

  /**
   * Weighs the claims.
   *
   * @param wholes in order; without any there is nothing to weigh
   * @param uuids of the data and the verity partition. Where none of them fits anything that is
   *     named they are made some other way, and say nothing
   * @param uuidsNeeded whether the machine looks for the partitions by these UUIDs, so that they
   *     have to fit
   */
  static RootHashAgreement of(
      List<Claim.Whole> wholes, Collection<? extends Claim> uuids, boolean uuidsNeeded) {
    Set<RootHash> roots = new LinkedHashSet<>();
    wholes.forEach(claim -> roots.add(claim.root()));
    List<Claim> claims = new ArrayList<>(wholes);
    if (uuidsNeeded || uuids.stream().anyMatch(claim -> roots.stream().anyMatch(claim::fits))) {
      claims.addAll(uuids);
    }
    Optional<RootHash> best = Optional.empty();
    long bestCount = 0;
    boolean tie = false;
    for (RootHash root : roots) {
      long count = claims.stream().filter(claim -> claim.fits(root)).count();
      if (count > bestCount) {
        best = Optional.of(root);
        bestCount = count;
        tie = false;
      } else if (count == bestCount) {
        tie = true;
      }
    }
    if (tie) {
      return new RootHashAgreement(claims, false);
    }
    return new RootHashAgreement(
        best.map(root -> claims.stream().filter(claim -> !claim.fits(root)).toList())
            .orElse(List.of()),
        true);
  }
}
