package org.particleos.update.update;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How a further boot partition stands to the one that a transfer is for, as far as names and sizes
 * tell.
 *
 * @param place where it is mounted or should be
 * @param missing entries that it lacks, or that have another size there
 * @param renamed entries that it has under a name with another counter
 * @param surplus entries that the other one does not have
 * @param why why it is not kept in step; empty if it is, or will be by the next run
 */
public record FurtherState(
    String transferId,
    Path place,
    List<String> missing,
    List<String> renamed,
    List<String> surplus,
    Optional<String> why) {
  public FurtherState {
    missing = List.copyOf(missing);
    renamed = List.copyOf(renamed);
    surplus = List.copyOf(surplus);
  }

  static FurtherState unusable(String transferId, Path place, String why) {
    return new FurtherState(transferId, place, List.of(), List.of(), List.of(), Optional.of(why));
  }

  public boolean inStep() {
    return why.isEmpty() && missing.isEmpty() && renamed.isEmpty() && surplus.isEmpty();
  }
}
