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
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.Stage;
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

  Verification verify() throws UpdateException {
    List<MemberSlot> slots = slots();
    for (MemberSlot slot : slots) {
      var candidates = VerityGroup.Candidates.of(slot, slots);
      if (candidates.ambiguous()) {
        candidates.all().forEach(each -> put(because(each, Obstacle.AMBIGUOUS)));
      }
      Optional<VerityGroup> group = candidates.group();
      if (group.isPresent()) {
        verify(group.get());
      }
    }
    for (MemberSlot slot : slots) {
      if (!parts.containsKey(slot.transferId())) {
        put(because(slot, Obstacle.UNPAIRED));
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
  private List<MemberSlot> slots() {
    List<MemberSlot> slots = new ArrayList<>();
    for (Member member : set.members()) {
      Optional<Instance> held = member.held();
      if (held.isEmpty()) {
        put(new Part.Unverified(id(member), place(member), Obstacle.MISSING));
      } else if (held.get().stage() == Stage.PARTIAL) {
        put(new Part.Unverified(id(member), held.get().location(), Obstacle.PARTIAL));
      } else {
        Optional<MemberSlot> slot = MemberSlot.of(member);
        if (slot.isPresent()) {
          slots.add(slot.get());
        } else {
          put(new Part.Unverified(id(member), held.get().location(), Obstacle.NO_DIGEST_KEPT));
        }
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

  private static Part because(MemberSlot slot, Obstacle obstacle) {
    return new Part.Unverified(slot.transferId(), slot.location(), obstacle);
  }

  private static Part damaged(
      MemberSlot slot, List<String> faults, Optional<Integrity.Compared> blocks) {
    return new Part.Damaged(slot.transferId(), slot.location(), faults, blocks);
  }

  private static Part soundUnless(
      MemberSlot slot,
      List<String> faults,
      ExpectedRoot expected,
      Optional<Integrity.Compared> blocks) {
    return faults.isEmpty()
        ? new Part.Sound(
            slot.transferId(), slot.location(), expected.root(), expected.assurance(), blocks)
        : damaged(slot, faults, blocks);
  }

  // ---- Comparing ----

  private void verify(VerityGroup group) throws UpdateException {
    String disk = Quote.quote(group.data().disk().toString());
    try (OpenFile open = openUncached(run.machine().kernel(), group.data().disk())) {
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
  static OpenFile openUncached(Kernel kernel, Path disk) throws IOException {
    try {
      return kernel.open(disk, Set.of(OpenFlag.READ, OpenFlag.DIRECT));
    } catch (LinuxException e) {
      if (e.is(Errno.EINVAL)) {
        return kernel.open(disk, Set.of(OpenFlag.READ));
      }
      throw e;
    }
  }

  private void compare(VerityGroup group, OpenFile disk) throws IOException, UpdateException {
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
      put(damaged(group.tree(), List.of(e.clause()), Optional.empty()));
      put(because(group.data(), Obstacle.HASH_TREE_UNUSABLE));
      group
          .signature()
          .ifPresent(slot ->
              put(
                  signatureFaults.isEmpty()
                      ? because(slot, Obstacle.HASH_TREE_UNUSABLE)
                      : damaged(slot, signatureFaults, Optional.empty())));
      return;
    }
    compare(group, disk, tree, signed, signatureFaults);
  }

  private void compare(
      VerityGroup group,
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
    put(soundUnless(group.data(), dataFaults, expected, Optional.of(integrity.data())));
    put(soundUnless(group.tree(), treeFaults, expected, Optional.of(integrity.tree())));
    group
        .signature()
        .ifPresent(slot -> put(soundUnless(slot, signatureFaults, expected, Optional.empty())));
  }

  /** Whether blocks were replaced, so that it is worth comparing again. */
  private boolean repaired(VerityGroup group, HashTree tree, ExpectedRoot expected, Integrity found)
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

  private Integrity compare(VerityGroup group, HashTree tree, Extent data, RootHash root)
      throws IOException {
    String id = group.data().transferId();
    long total = tree.comparedBytes();
    run.tell(new UpdateEvent.VerificationStarted(id, group.data().location(), total));
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
  private void requireUnchanged(VerityGroup group) throws IOException, UpdateException {
    PartitionTable table;
    try (OpenFile disk = run.machine().kernel().open(group.data().disk(), Set.of(OpenFlag.READ))) {
      table = PartitionTable.read(disk);
    }
    for (MemberSlot slot : group.slots()) {
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
