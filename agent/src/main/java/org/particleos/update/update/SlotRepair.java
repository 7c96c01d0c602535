package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalLong;
import org.particleos.update.catalog.Instance;
import org.particleos.update.delta.Delta;
import org.particleos.update.delta.DeltaProgress;
import org.particleos.update.delta.NoDeltaException;
import org.particleos.update.delta.Offer;
import org.particleos.update.disk.Partition;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.plan.Member;
import org.particleos.update.verity.BlockRanges;
import org.particleos.update.verity.HashTree;
import org.particleos.update.verity.MalformedVerityException;
import org.particleos.update.verity.RootHash;

/**
 * Fetches damaged blocks of an installed version from where that version is still offered, and
 * writes them. Each is compared with the hash tree before.
 */
final class SlotRepair {
  private final Run run;
  private final Survey survey;

  SlotRepair(Run run, Survey survey) {
    this.run = run;
    this.survey = survey;
  }

  /**
   * Replaces the blocks.
   *
   * @param tree of which every block was found to be good
   * @param root that it leads to
   * @throws NoDeltaException why they cannot be had
   */
  void replace(
      Member member, Path device, Partition data, HashTree tree, RootHash root, BlockRanges bad)
      throws IOException, UpdateException, NoDeltaException {
    List<Offer> offers = new ArrayList<>();
    for (Instance offered : member.alternatives()) {
      OptionalLong size = survey.size(offered).transferBytes();
      if (offered instanceof Instance.OnWeb web && size.isPresent()) {
        offers.add(SlotDelta.offer(run, web, size.getAsLong()));
      }
    }
    if (offers.isEmpty()) {
      throw new NoDeltaException("no server offers this version any more");
    }
    try (OpenFile disk =
            run.machine().kernel().open(device, EnumSet.of(OpenFlag.READ, OpenFlag.WRITE));
        var delta =
            new Delta(
                tree.verify(root, SlotDelta.watch(run)),
                SlotDelta.extent(disk, data),
                DeltaProgress.unwatched(),
                run.cancellation())) {
      delta.damaged(bad);
      run.books().changed();
      delta.carryOut(delta.cheapest(delta.enterable(offers), OptionalLong.empty()), true);
    } catch (MalformedVerityException e) {
      throw new NoDeltaException("its verity partition " + e.clause(), e);
    }
  }
}
