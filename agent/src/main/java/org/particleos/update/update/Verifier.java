package org.particleos.update.update;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.Stage;
import org.particleos.update.definition.PartitionType;
import org.particleos.update.definition.Target;
import org.particleos.update.delta.NoDeltaException;
import org.particleos.update.disk.Partition;
import org.particleos.update.disk.PartitionTable;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.plan.Member;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.update.Verification.Obstacle;
import org.particleos.update.update.Verification.Part;
import org.particleos.update.verity.BlockRanges;
import org.particleos.update.verity.Extent;
import org.particleos.update.verity.HashTree;
import org.particleos.update.verity.Integrity;
import org.particleos.update.verity.MalformedVerityException;
import org.particleos.update.verity.RootHash;
import org.particleos.update.verity.SignatureDocument;
import org.particleos.update.verity.Watch;

/**
 * Compares what the slots of one version hold with its hash trees. Takes no lock, and changes
 * nothing unless it is given a repair: a slot that another process changes meanwhile is noticed
 * afterwards. Used once.
 *
 * <p>What belongs together is told by partition types: data of a type that the Discoverable
 * Partitions Specification knows, the verity type beside it, and the type of its signature, all of
 * one version on one disk.
 */
final class Verifier {
  private final Run run;
  private final VersionSet set;
  private final Optional<SlotRepair> repair;

  /** So many ranges of bad blocks are known at a time that a disk with more needs another round. */
  private static final int REPAIRS_MAX = 8;

  /** What is known so far, by transfer. */
  private final Map<String, Part> parts = new HashMap<>();

  Verifier(Run run, VersionSet set) {
    this(run, set, Optional.empty());
  }

  /** What is damaged is repaired where that can be done, and compared again. */
  Verifier(Run run, VersionSet set, SlotRepair repair) {
    this(run, set, Optional.of(repair));
  }

  private Verifier(Run run, VersionSet set, Optional<SlotRepair> repair) {
    this.run = run;
    this.set = set;
    this.repair = repair;
  }

  /** A partition that holds a member of the version. */
  private record Slot(String transferId, Instance.InPartition instance, PartitionType type) {
    Partition partition() {
      return instance.partition();
    }

    Path disk() {
      return instance.disk();
    }

    Extent extent(OpenFile open) {
      return new Extent(open, partition().startBytes(), partition().sizeBytes());
    }

    boolean unverified(Map<String, Part> parts) {
      return !parts.containsKey(transferId);
    }

    Part.Unverified because(Obstacle obstacle) {
      return new Part.Unverified(transferId, instance.location(), obstacle);
    }

    Part.Damaged with(List<String> faults, Optional<Integrity.Compared> blocks) {
      return new Part.Damaged(transferId, instance.location(), faults, blocks);
    }

    Part soundUnless(
        List<String> faults, ExpectedRoot expected, Optional<Integrity.Compared> blocks) {
      return faults.isEmpty()
          ? new Part.Sound(
              transferId, instance.location(), expected.root(), expected.assurance(), blocks)
          : with(faults, blocks);
    }
  }

  /** Slots that are verified together. */
  private record Group(Slot data, Slot tree, Optional<Slot> signature) {}

  Verification verify() throws UpdateException {
    List<Slot> slots = slots();
    for (Slot slot : slots) {
      if (slot.type().verityType().isPresent()) {
        Optional<Group> group = group(slot, slots);
        if (group.isPresent()) {
          verify(group.get());
        }
      }
    }
    for (Slot slot : slots) {
      if (slot.unverified(parts)) {
        put(slot.because(Obstacle.UNPAIRED));
      }
    }
    return new Verification(set.version(), set.members().stream().map(this::part).toList());
  }

  private Part part(Member member) {
    return Optional.ofNullable(parts.get(id(member))).orElseThrow();
  }

  private void put(Part part) {
    parts.put(part.transferId(), part);
  }

  private static String id(Member member) {
    return member.inventory().transfer().id();
  }

  // ---- What there is ----

  /** Complete partitions of the version; of what else there is, it is noted why it is passed by. */
  private List<Slot> slots() {
    List<Slot> slots = new ArrayList<>();
    for (Member member : set.members()) {
      Target target = member.inventory().transfer().transfer().target();
      Optional<Instance> held = member.held();
      if (held.isEmpty()) {
        put(new Part.Unverified(id(member), place(member), Obstacle.MISSING));
      } else if (held.get().stage() == Stage.PARTIAL) {
        put(new Part.Unverified(id(member), held.get().location(), Obstacle.PARTIAL));
      } else if (held.get() instanceof Instance.InPartition partition
          && target instanceof Target.Partition to) {
        slots.add(new Slot(id(member), partition, to.partitionType()));
      } else {
        put(new Part.Unverified(id(member), held.get().location(), Obstacle.NO_DIGEST_KEPT));
      }
    }
    return slots;
  }

  private static String place(Member member) {
    return switch (member.inventory().transfer().target()) {
      case Place.Disk(var device) -> device.toString();
      case Place.Directory(var path) -> path.toString();
    };
  }

  private Optional<Group> group(Slot data, List<Slot> slots) {
    List<Slot> same = beside(data, slots, Optional.of(data.type().uuid()));
    List<Slot> trees = beside(data, slots, data.type().verityType());
    List<Slot> signatures = beside(data, slots, data.type().veritySignatureType());
    if (trees.isEmpty()) {
      return Optional.empty();
    }
    if (same.size() > 1 || trees.size() > 1 || signatures.size() > 1) {
      for (List<Slot> alike : List.of(same, trees, signatures)) {
        alike.forEach(slot -> put(slot.because(Obstacle.AMBIGUOUS)));
      }
      return Optional.empty();
    }
    return Optional.of(new Group(data, trees.getFirst(), signatures.stream().findFirst()));
  }

  private static List<Slot> beside(Slot data, List<Slot> slots, Optional<UUID> type) {
    return slots.stream()
        .filter(slot -> slot.disk().equals(data.disk()))
        .filter(slot -> type.filter(slot.type().uuid()::equals).isPresent())
        .toList();
  }

  // ---- Comparing ----

  private void verify(Group group) throws UpdateException {
    String disk = Quote.quote(group.data().disk().toString());
    try (OpenFile open = open(group.data().disk())) {
      compare(group, open);
    } catch (InterruptedIOException e) {
      throw UpdateException.because(Reason.INTERRUPTED, "verifying " + disk + " was interrupted")
          .state("nothing was changed")
          .remedy("start it again")
          .cause(e)
          .interrupted();
    } catch (IOException e) {
      throw IoFailure.reading("reading " + disk + " failed", e).inState("nothing was changed");
    }
  }

  /** Past the page cache, which may still hold what the disk has lost, where that can be done. */
  private OpenFile open(Path disk) throws IOException {
    Kernel kernel = run.machine().kernel();
    try {
      return kernel.open(disk, Set.of(OpenFlag.READ, OpenFlag.DIRECT));
    } catch (LinuxException e) {
      if (e.is(Errno.EINVAL)) {
        return kernel.open(disk, Set.of(OpenFlag.READ));
      }
      throw e;
    }
  }

  private void compare(Group group, OpenFile disk) throws IOException, UpdateException {
    List<String> signatureFaults = new ArrayList<>();
    Optional<RootHash> signed = Optional.empty();
    if (group.signature().isPresent()) {
      try {
        signed =
            Optional.of(SignatureDocument.read(group.signature().get().extent(disk)).rootHash());
      } catch (MalformedVerityException e) {
        signatureFaults.add(e.clause());
      }
    }
    HashTree tree;
    try {
      tree = HashTree.read(group.tree().extent(disk), group.data().extent(disk).sizeBytes());
    } catch (MalformedVerityException e) {
      requireUnchanged(group);
      put(group.tree().with(List.of(e.clause()), Optional.empty()));
      put(group.data().because(Obstacle.HASH_TREE_UNUSABLE));
      group
          .signature()
          .ifPresent(slot ->
              put(
                  signatureFaults.isEmpty()
                      ? slot.because(Obstacle.HASH_TREE_UNUSABLE)
                      : slot.with(signatureFaults, Optional.empty())));
      return;
    }
    compare(group, disk, tree, signed, signatureFaults);
  }

  private void compare(
      Group group,
      OpenFile disk,
      HashTree tree,
      Optional<RootHash> signed,
      List<String> signatureFaults)
      throws IOException, UpdateException {
    Extent data = group.data().extent(disk);
    var expected =
        ExpectedRoot.of(
            tree.storedRoot(data),
            signed,
            group.data().partition().uuid(),
            group.tree().partition().uuid());
    Integrity integrity = compare(group, tree, data, expected.root());
    for (int round = 0;
        round < REPAIRS_MAX && repaired(group, tree, expected, integrity);
        round++) {
      integrity = compare(group, tree, data, expected.root());
    }
    List<String> dataFaults = faults(integrity.data());
    List<String> treeFaults = faults(integrity.tree());
    for (ExpectedRoot.Witness witness : expected.contradictions()) {
      switch (witness) {
        case DATA_UUID -> dataFaults.add("has a UUID that is not the beginning of the root hash");
        case VERITY_UUID -> treeFaults.add("has a UUID that is not the end of the root hash");
        case SIGNATURE -> signatureFaults.add("names another root hash than the tree leads to");
      }
    }
    if (!dataFaults.isEmpty() || !treeFaults.isEmpty() || !signatureFaults.isEmpty()) {
      requireUnchanged(group);
    }
    put(group.data().soundUnless(dataFaults, expected, Optional.of(integrity.data())));
    put(group.tree().soundUnless(treeFaults, expected, Optional.of(integrity.tree())));
    group
        .signature()
        .ifPresent(slot -> put(slot.soundUnless(signatureFaults, expected, Optional.empty())));
  }

  /** Whether blocks were replaced, so that it is worth comparing again. */
  private boolean repaired(Group group, HashTree tree, ExpectedRoot expected, Integrity found)
      throws IOException, UpdateException {
    BlockRanges bad = found.data().bad();
    if (repair.isEmpty() || bad.count() == 0) {
      return false;
    }
    boolean doubtful =
        expected.contradictions().contains(ExpectedRoot.Witness.DATA_UUID)
            || expected.contradictions().contains(ExpectedRoot.Witness.VERITY_UUID);
    String id = group.data().transferId();
    requireUnchanged(group);
    try {
      if (doubtful || !found.tree().sound()) {
        throw new NoDeltaException("its hash tree is damaged, or that of another version");
      }
      repair
          .get()
          .replace(
              member(id),
              group.data().disk(),
              group.data().partition(),
              tree,
              expected.root(),
              bad);
      run.notice("Transfer " + Quote.quote(id) + ": damaged blocks were fetched and replaced.");
      return true;
    } catch (NoDeltaException e) {
      run.warn("transfer " + Quote.quote(id) + " is not repaired: " + e.clause());
      return false;
    } catch (UpdateException.NotTrusted e) {
      run.warn(
          "transfer "
              + Quote.quote(id)
              + " is not repaired: "
              + e.getMessage()
              + e.found().map(text -> " (" + text + ")").orElse(""));
      return false;
    }
  }

  private Member member(String id) {
    return set.members().stream().filter(one -> id(one).equals(id)).findFirst().orElseThrow();
  }

  private Integrity compare(Group group, HashTree tree, Extent data, RootHash root)
      throws IOException {
    String id = group.data().transferId();
    long total = tree.comparedBytes();
    run.tell(new UpdateEvent.VerificationStarted(id, group.data().instance().location(), total));
    Integrity integrity =
        tree.compare(
            data,
            root,
            new Watch() {
              @Override
              public void digested(long bytes) {
                run.tell(new UpdateEvent.VerificationProgress(id, bytes, total));
              }

              @Override
              public boolean stopped() {
                return run.cancellation().cancelled();
              }
            });
    run.tell(new UpdateEvent.VerificationFinished(id, total));
    return integrity;
  }

  private static List<String> faults(Integrity.Compared compared) {
    List<String> faults = new ArrayList<>();
    String blocks = " of " + compared.blocks() + " blocks ";
    if (compared.bad().count() > 0) {
      faults.add("has " + compared.bad().count() + blocks + "that are not what was published");
    }
    if (compared.cutOff() > 0) {
      faults.add(
          "has " + compared.cutOff() + blocks + "below a damaged part of the hash tree, unknown");
    }
    return faults;
  }

  /** What looks like damage may be an update that took the slot meanwhile. */
  private void requireUnchanged(Group group) throws IOException, UpdateException {
    PartitionTable table;
    try (OpenFile disk = run.machine().kernel().open(group.data().disk(), Set.of(OpenFlag.READ))) {
      table = PartitionTable.read(disk);
    }
    List<Slot> slots = new ArrayList<>(List.of(group.data(), group.tree()));
    group.signature().ifPresent(slots::add);
    for (Slot slot : slots) {
      Partition before = slot.partition();
      if (!table.partition(before.number()).equals(Optional.of(before))) {
        throw UpdateException.because(
                Reason.LOCK_HELD,
                "verifying " + Quote.quote(slot.instance().location()) + " failed: it has changed")
            .found("another process has given the slot another label, type or UUID meanwhile")
            .state("this process changed nothing")
            .remedy("wait until the other one has finished, then try again")
            .busy();
      }
    }
  }
}
