package org.particleos.update.update;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.particleos.update.update.Verification.Assurance;
import org.particleos.update.verity.RootHash;

/**
 * The root hash that a tree is to be compared with, found out from all that names it. Decides;
 * reads nothing.
 *
 * @param contradictions what names another one
 */
record ExpectedRoot(RootHash root, Assurance assurance, Set<Witness> contradictions) {
  /** What names a root hash, or half of it. */
  enum Witness {
    DATA_UUID,
    VERITY_UUID,
    SIGNATURE
  }

  ExpectedRoot {
    contradictions = Set.copyOf(contradictions);
  }

  /**
   * Weighs the witnesses. The UUIDs are 256 bits of the root hash, which nobody hits by chance; but
   * where they are made some other way, they say nothing.
   *
   * @param stored what the tree leads to as it is
   * @param signed what the signature partition names, if there is a readable one
   * @param data UUID of the data partition
   * @param verity UUID of the verity partition
   */
  static ExpectedRoot of(RootHash stored, Optional<RootHash> signed, UUID data, UUID verity) {
    boolean signatureAgrees = signed.filter(stored::equals).isPresent();
    Set<Witness> contradictions = EnumSet.noneOf(Witness.class);
    if (signed.isPresent() && !signatureAgrees && names(signed.get(), data, verity)) {
      // All that stands outside of the tree agrees: it is the tree that is damaged.
      return new ExpectedRoot(signed.get(), Assurance.PARTITION_UUIDS, contradictions);
    }
    boolean dataAgrees = stored.dataUuid().equals(data);
    boolean verityAgrees = stored.verityUuid().equals(verity);
    if (signed.isPresent() && !signatureAgrees) {
      contradictions.add(Witness.SIGNATURE);
    }
    if (dataAgrees && !verityAgrees) {
      contradictions.add(Witness.VERITY_UUID);
    }
    if (verityAgrees && !dataAgrees) {
      contradictions.add(Witness.DATA_UUID);
    }
    Assurance assurance =
        dataAgrees || verityAgrees
            ? Assurance.PARTITION_UUIDS
            : signatureAgrees ? Assurance.SIGNATURE_PARTITION : Assurance.ITSELF;
    return new ExpectedRoot(stored, assurance, contradictions);
  }

  private static boolean names(RootHash root, UUID data, UUID verity) {
    return root.dataUuid().equals(data) && root.verityUuid().equals(verity);
  }
}
