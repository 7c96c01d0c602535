package org.particleos.update.update;

import java.util.List;
import java.util.Optional;
import org.particleos.update.verity.Integrity;
import org.particleos.update.verity.RootHash;
import org.particleos.update.version.Version;

/**
 * What was found when the installed content of a version was compared with its hash trees.
 *
 * @param parts one for each transfer of the version, in transfer order
 */
public record Verification(Version version, List<Part> parts) {
  public Verification {
    parts = List.copyOf(parts);
  }

  /** Whether something is not what was published. */
  public boolean damaged() {
    return parts.stream().anyMatch(Part.Damaged.class::isInstance);
  }

  /** What says that the root hash is the right one. */
  public enum Assurance {
    /** The UUIDs of the partitions, and the signature partition if there is one. */
    PARTITION_UUIDS,
    /** Only the signature partition; the UUIDs are made some other way. */
    SIGNATURE_PARTITION,
    /** Nothing: tree and data belong together, but both may have been exchanged. */
    ITSELF
  }

  /** Why a part was not verified. */
  public enum Obstacle {
    /** There is nothing of it. */
    MISSING,
    /** It is an unfinished download. */
    PARTIAL,
    /** A file or tree: its digest was checked on arrival and is not kept. */
    NO_DIGEST_KEPT,
    /** A partition that is no part of a pair of data and hash tree on one disk. */
    UNPAIRED,
    /** Several partitions of one kind, so that none can be told to belong to the data. */
    AMBIGUOUS,
    /** Its verity partition cannot be used. */
    HASH_TREE_UNUSABLE
  }

  /** One transfer's part of the version. */
  public sealed interface Part {
    String transferId();

    /** Where it is; where it would be, if it is missing. */
    String location();

    /**
     * All of it is what the root hash vouches for.
     *
     * @param blocks of data or tree; empty for a signature
     */
    record Sound(
        String transferId,
        String location,
        RootHash root,
        Assurance assurance,
        Optional<Integrity.Compared> blocks)
        implements Part {}

    /**
     * Something is not what was published.
     *
     * @param faults clauses that follow the name of the part, at least one
     * @param blocks of data or tree, where they could be compared
     */
    record Damaged(
        String transferId,
        String location,
        List<String> faults,
        Optional<Integrity.Compared> blocks)
        implements Part {
      public Damaged {
        faults = List.copyOf(faults);
      }
    }

    record Unverified(String transferId, String location, Obstacle obstacle) implements Part {}
  }
}
