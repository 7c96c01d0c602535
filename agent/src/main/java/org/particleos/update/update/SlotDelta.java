package org.particleos.update.update;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.particleos.update.catalog.Instance;
import org.particleos.update.definition.Target;
import org.particleos.update.delta.Delta;
import org.particleos.update.delta.DeltaProgress;
import org.particleos.update.delta.NoDeltaException;
import org.particleos.update.delta.Offer;
import org.particleos.update.disk.Partition;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Failures;
import org.particleos.update.fetch.PayloadSize;
import org.particleos.update.fetch.Unpacking;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.pattern.Sha256;
import org.particleos.update.plan.Member;
import org.particleos.update.plan.Step;
import org.particleos.update.verity.Extent;
import org.particleos.update.verity.HashTree;
import org.particleos.update.verity.MalformedVerityException;
import org.particleos.update.verity.RootHash;
import org.particleos.update.verity.TrustedTree;
import org.particleos.update.verity.Watch;

/**
 * Fills a slot with the blocks that other slots hold and fetches only the others, where the hash
 * tree of the new data came in before. Whatever keeps that from being done is told, and the slot is
 * then filled by a full download.
 *
 * <p>The tree is trusted because the UUIDs in the signed names are its root hash, else because the
 * verity payload was fetched in the same run and had the digest that the manifest names.
 */
final class SlotDelta {
  /** The running version, the one before, and room for machines with more slots than two. */
  private static final int SEEDS_MAX = 4;

  private final Run run;
  private final Survey survey;

  SlotDelta(Run run, Survey survey) {
    this.run = run;
    this.survey = survey;
  }

  /** How a slot was filled. */
  record Filled(long bytesFetched, long bytesWritten) {}

  /**
   * Steps in the order in which they are to be acquired: as they are, but hash trees before their
   * data. Numbers of steps.
   */
  static List<Integer> order(List<Step> steps) {
    Set<Integer> order = new LinkedHashSet<>();
    for (int i = 0; i < steps.size(); i++) {
      if (steps.get(i) instanceof Step.FillSlot fill) {
        tree(fill, steps).ifPresent(tree -> order.add(steps.indexOf(tree.step())));
      }
      order.add(i);
    }
    return List.copyOf(order);
  }

  /**
   * The slot with the hash tree for some data.
   *
   * @param uuid what the offer calls it, if it says so
   * @param fetched whether it came in this run
   */
  private record TreeSlot(Step step, Partition partition, Optional<UUID> uuid, boolean fetched) {}

  private static Optional<TreeSlot> tree(Step.FillSlot data, List<Step> steps) {
    Optional<UUID> type = data.type().verityType();
    List<TreeSlot> trees = new ArrayList<>();
    for (Step step : steps) {
      switch (step) {
        case Step.FillSlot fill -> {
          if (type.equals(Optional.of(fill.type().uuid())) && fill.disk().equals(data.disk())) {
            trees.add(
                new TreeSlot(fill, fill.slot(), fill.source().metadata().partitionUuid(), true));
          }
        }
        case Step.Keep(Member member) -> {
          if (member.held().orElseThrow() instanceof Instance.InPartition held
              && member.inventory().transfer().transfer().target()
                  instanceof Target.Partition target
              && type.equals(Optional.of(target.partitionType().uuid()))
              && held.disk().equals(data.disk().device())) {
            trees.add(
                new TreeSlot(step, held.partition(), Optional.of(held.partition().uuid()), false));
          }
        }
        case Step.WriteFile _, Step.WriteTree _ -> {}
      }
    }
    // With several nobody knows which is meant.
    return trees.size() == 1 ? Optional.of(trees.getFirst()) : Optional.empty();
  }

  /**
   * Fills the slot, or leaves it to be filled otherwise.
   *
   * @param index of the step, for events
   * @return empty if it is to be filled otherwise; it may then hold anything
   */
  Optional<Filled> fill(int index, Step.FillSlot fill, List<Step> steps, String location)
      throws UpdateException {
    Optional<TreeSlot> tree = tree(fill, steps);
    List<Instance> offers =
        fill.member().alternatives().stream().filter(SlotDelta::onServer).toList();
    List<Partition> seeds = seeds(fill);
    boolean begun =
        fill.member().held().isPresent()
            && fill.member().held().get() instanceof Instance.InPartition held
            && held.partition().number() == fill.slot().number();
    if (!run.settings().delta()
        || tree.isEmpty()
        || offers.isEmpty()
        || (seeds.isEmpty() && !begun)) {
      return Optional.empty();
    }
    try {
      return Optional.of(fill(index, fill, tree.get(), seeds, offers, location));
    } catch (NoDeltaException e) {
      run.detail(
          "Transfer "
              + Quote.quote(fill.transferId())
              + " fetches all of its payload: "
              + e.clause()
              + ".");
      return Optional.empty();
    }
  }

  /** Files of this machine are read as quickly as they are searched. */
  private static boolean onServer(Instance offer) {
    return offer instanceof Instance.OnWeb web
        && String.valueOf(web.uri().getScheme()).toLowerCase(Locale.ROOT).startsWith("http");
  }

  /** Other slots of the transfer on the same disk, the newest first. */
  private static List<Partition> seeds(Step.FillSlot fill) {
    return fill.member().inventory().held().stream()
        .filter(Instance.InPartition.class::isInstance)
        .map(Instance.InPartition.class::cast)
        .filter(held -> held.disk().equals(fill.disk().device()))
        .map(Instance.InPartition::partition)
        .filter(partition -> partition.number() != fill.slot().number())
        .limit(SEEDS_MAX)
        .toList();
  }

  private Filled fill(
      int index,
      Step.FillSlot fill,
      TreeSlot treeSlot,
      List<Partition> seeds,
      List<Instance> offers,
      String location)
      throws UpdateException, NoDeltaException {
    Kernel kernel = run.machine().kernel();
    Path device = fill.disk().device();
    try (OpenFile disk = kernel.open(device, EnumSet.of(OpenFlag.READ, OpenFlag.WRITE));
        OpenFile reading = openForSearch(kernel, device)) {
      TrustedTree tree = trustedTree(fill, treeSlot, disk);
      var present = new AtomicLong();
      try (var delta =
          new Delta(
              tree,
              extent(disk, fill.slot()),
              progress(index, fill, present),
              run.cancellation())) {
        Map<Offer, Instance> payloads = payloads(offers);
        Extent target = extent(reading, fill.slot());
        var entries = delta.enterable(List.copyOf(payloads.keySet()));
        var found =
            delta.search(seeds.stream().map(seed -> extent(reading, seed)).toList(), target);
        if (found.percent() < Delta.FOUND_PERCENT_MIN) {
          throw new NoDeltaException(
              "only " + found.percent() + " % of its blocks are on this disk");
        }
        present.set(found.bytesPresent());
        Delta.Way way = delta.cheapest(entries, shortest(offers));
        run.tell(
            new UpdateEvent.TransferStarted(
                index,
                fill.transferId(),
                Optional.ofNullable(payloads.get(way.offer())).orElseThrow(),
                location,
                OptionalLong.of(way.bytes() + present.get())));
        run.notice(
            "Transfer "
                + Quote.quote(fill.transferId())
                + " finds "
                + found.percent()
                + " % of its blocks on this disk and fetches the others.");
        DeltaProgress.State state = delta.carryOut(way, run.settings().sync());
        requirePublishedDigest(delta, target, offers);
        run.tell(
            new UpdateEvent.TransferFinished(
                index,
                fill.transferId(),
                state.bytesFetched(),
                state.bytesReused(),
                delta.imageBytes()));
        return new Filled(state.bytesFetched(), delta.imageBytes());
      }
    } catch (InterruptedIOException e) {
      throw Failures.interrupted("searching " + Quote.quote(device.toString()));
    } catch (IOException e) {
      throw new NoDeltaException("reading its hash tree or the disk failed: " + e.getMessage(), e);
    } catch (UpdateException.NotTrusted | UpdateException.Unreachable e) {
      throw new NoDeltaException(
          e.getMessage() + e.found().map(text -> " (" + text + ")").orElse(""), e);
    }
  }

  static Extent extent(OpenFile disk, Partition partition) {
    return new Extent(disk, partition.startBytes(), partition.sizeBytes());
  }

  /** Past the page cache where that can be done: gigabytes that are read once. */
  static OpenFile openForSearch(Kernel kernel, Path device) throws IOException {
    try {
      return kernel.open(device, Set.of(OpenFlag.READ, OpenFlag.DIRECT));
    } catch (LinuxException e) {
      if (e.is(Errno.EINVAL)) {
        return kernel.open(device, Set.of(OpenFlag.READ));
      }
      throw e;
    }
  }

  private TrustedTree trustedTree(Step.FillSlot fill, TreeSlot slot, OpenFile disk)
      throws IOException, NoDeltaException {
    try {
      HashTree tree = HashTree.read(extent(disk, slot.partition()), fill.slot().sizeBytes());
      RootHash stored = tree.storedRoot(extent(disk, fill.slot()));
      requireRootVouchedFor(stored, fill.source().metadata().partitionUuid(), slot);
      return tree.verify(stored, watch(run));
    } catch (MalformedVerityException e) {
      throw new NoDeltaException("its verity partition " + e.clause(), e);
    }
  }

  private static void requireRootVouchedFor(RootHash stored, Optional<UUID> data, TreeSlot slot)
      throws NoDeltaException {
    if (data.isPresent() && slot.uuid().isPresent()) {
      var expected = ExpectedRoot.of(stored, Optional.empty(), data.get(), slot.uuid().get());
      if (!expected.contradictions().isEmpty()) {
        throw new NoDeltaException(
            "its hash tree does not lead to the root hash that the names of the payloads tell");
      }
      if (expected.assurance() == Verification.Assurance.PARTITION_UUIDS) {
        return;
      }
    }
    if (!slot.fetched()) {
      throw new NoDeltaException(
          "its hash tree came in an earlier run, and no UUIDs tell that it is the right one");
    }
  }

  static Watch watch(Run run) {
    return new Watch() {
      @Override
      public void digested(long bytes) {}

      @Override
      public boolean stopped() {
        return run.cancellation().cancelled();
      }
    };
  }

  /**
   * Tells of what is fetched and of what is found on the disk, which together are the total.
   *
   * @param present how much is found, once that is known
   */
  private DeltaProgress progress(int index, Step.FillSlot fill, AtomicLong present) {
    return state ->
        run.tell(
            new UpdateEvent.TransferProgress(
                index,
                fill.transferId(),
                state.bytesFetched(),
                state.bytesReused(),
                OptionalLong.of(state.bytesToFetch() + present.get()),
                state.bytesWritten()));
  }

  // ---- Payloads ----

  private Map<Offer, Instance> payloads(List<Instance> offers) throws UpdateException {
    Map<Offer, Instance> payloads = new LinkedHashMap<>();
    for (Instance offer : offers) {
      PayloadSize size = survey.size(offer);
      if (offer instanceof Instance.OnWeb web && size.transferBytes().isPresent()) {
        payloads.put(offer(run, web, size.transferBytes().getAsLong()), offer);
      }
    }
    return payloads;
  }

  static Offer offer(Run run, Instance.OnWeb web, long sizeBytes) {
    return new Offer(
        Quote.quote(web.uri().toString()),
        (from, to, cancellation) -> run.http().openRange(web.uri(), from, to, cancellation),
        sizeBytes,
        Survey.unpacking(web) == Unpacking.DETECT);
  }

  private OptionalLong shortest(List<Instance> offers) throws UpdateException {
    OptionalLong shortest = OptionalLong.empty();
    for (Instance offer : offers) {
      OptionalLong bytes = survey.size(offer).transferBytes();
      if (bytes.isPresent() && bytes.getAsLong() < shortest.orElse(Long.MAX_VALUE)) {
        shortest = bytes;
      }
    }
    return shortest;
  }

  /** Where the plain image is listed, its digest is compared too, with what the disk has now. */
  private void requirePublishedDigest(Delta delta, Extent target, List<Instance> offers)
      throws IOException, UpdateException, NoDeltaException {
    for (Instance offer : offers) {
      PayloadSize size = survey.size(offer);
      Optional<Sha256> listed = offer.metadata().sha256();
      boolean plain =
          size.transferBytes().equals(OptionalLong.of(delta.imageBytes()))
              && size.leastBytes().equals(size.transferBytes());
      if (plain && listed.isPresent()) {
        Sha256 actual = delta.digest(target);
        if (!actual.equals(listed.get())) {
          throw new NoDeltaException(
              "its hash tree is for another image than "
                  + offer.location()
                  + ": SHA-256 is "
                  + actual
                  + ", listed is "
                  + listed.get());
        }
        return;
      }
    }
  }
}
