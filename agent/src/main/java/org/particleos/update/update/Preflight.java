package org.particleos.update.update;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.particleos.update.boot.Authenticode;
import org.particleos.update.boot.EfiProgram;
import org.particleos.update.boot.FirmwareKeys;
import org.particleos.update.boot.NotBootableException;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Place;
import org.particleos.update.catalog.Stage;
import org.particleos.update.cms.MalformedSignatureException;
import org.particleos.update.definition.Architecture;
import org.particleos.update.definition.Checks;
import org.particleos.update.definition.HostFacts;
import org.particleos.update.definition.ResourceType;
import org.particleos.update.definition.Target;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Failures;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.loader.FirmwareMachine;
import org.particleos.update.pe.PeMachine;
import org.particleos.update.plan.Member;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.update.RootHashAgreement.Claim;
import org.particleos.update.update.RootHashSignature.WrongSignatureException;
import org.particleos.update.verity.HashTree;
import org.particleos.update.verity.MalformedVerityException;
import org.particleos.update.verity.RootHash;
import org.particleos.update.verity.SignatureDocument;

/**
 * The last look at a version before the first part of it becomes visible: do its parts belong
 * together, and could this machine start them? Reads what was written, not what was downloaded.
 *
 * <p>A digest says that a part is what the publisher listed, not that the publisher listed the
 * parts of one build. What does not fit is refused and disowned, so that the next run fetches it
 * again and no state needs a vacuum; what is in place already stays.
 */
final class Preflight {
  /** Moves the firmware's variables, for tests. */
  static final String FIRMWARE_VARIABLES = "PARTICLE_UPDATE_EFIVARS";

  private static final Path BOOT_ENTRIES = Path.of("EFI/Linux");

  private final Run run;

  Preflight(Run run) {
    this.run = run;
  }

  /**
   * Looks at all parts of a version of which something is not in place yet.
   *
   * @throws UpdateException.Unfit if they do not belong together or cannot be started here
   * @throws UpdateException.WriteFailed if the disk does not hold what was written to it
   */
  void examine(VersionSet set) throws UpdateException {
    if (set.whole()) {
      return;
    }
    try {
      List<BootFile> bootFiles = bootFiles(set);
      requireBootable(set, bootFiles);
      List<VerityGroup> comparable = new ArrayList<>();
      for (VerityGroup group : groups(set)) {
        if (agree(set, group, bootFiles)) {
          comparable.add(group);
        }
      }
      askFirmware(set, bootFiles);
      if (run.settings().checks().readBack()) {
        readBack(set, comparable);
      }
    } catch (UpdateException e) {
      throw e.inState(state(set));
    }
  }

  private static String state(VersionSet set) {
    boolean none = set.members().stream().noneMatch(Member::installed);
    return none
        ? "nothing of version " + set.version() + " became visible; what runs stays as it was"
        : "nothing more of version " + set.version() + " became visible; what runs stays as it was";
  }

  private List<VerityGroup> groups(VersionSet set) {
    List<MemberSlot> slots = new ArrayList<>();
    set.members().forEach(member -> MemberSlot.of(member).ifPresent(slots::add));
    List<VerityGroup> groups = new ArrayList<>();
    for (MemberSlot slot : slots) {
      var candidates = VerityGroup.Candidates.of(slot, slots);
      if (candidates.ambiguous()) {
        run.warn(
            "transfer "
                + Quote.quote(slot.transferId())
                + " is not compared with a hash tree: several slots could belong to it");
      }
      candidates.group().ifPresent(groups::add);
    }
    return groups;
  }

  // ---- One root hash ----

  /** Whether there is a tree that the data can be compared with. */
  private boolean agree(VersionSet set, VerityGroup group, List<BootFile> bootFiles)
      throws UpdateException {
    Path device = group.data().disk();
    try (OpenFile disk = Verifier.openUncached(run.machine().kernel(), device)) {
      List<Claim.Whole> wholes = new ArrayList<>();
      signed(set, group, disk).ifPresent(wholes::add);
      String option = group.data().type().rootHashOption().orElseThrow();
      List<Claim.Whole> named = named(set, option, bootFiles);
      wholes.addAll(named);
      Optional<RootHash> stored = stored(set, group, disk, wholes);
      if (stored.isPresent()) {
        wholes.addFirst(
            new Claim.Whole(
                group.tree().transferId(), "its hash tree leads to root hash", stored.get()));
        requireOneRootHash(
            set, group, wholes, !named.isEmpty() && !namesPartitions(option, bootFiles));
      }
      return stored.isPresent();
    } catch (IOException e) {
      throw reading(device, e);
    }
  }

  /** What the tree leads to; empty if it is none and nobody asks for one. */
  private Optional<RootHash> stored(
      VersionSet set, VerityGroup group, OpenFile disk, List<Claim.Whole> others)
      throws IOException, UpdateException {
    try {
      var data = group.data().extent(disk);
      HashTree tree = HashTree.read(group.tree().extent(disk), data.sizeBytes());
      RootHash root = tree.storedRoot(data);
      if (!run.settings().checks().readBack()) {
        // Without a comparison of the data that of the tree costs next to nothing.
        tree.verify(root, SlotDelta.watch(run));
      }
      return Optional.of(root);
    } catch (MalformedVerityException e) {
      String id = group.tree().transferId();
      if (others.isEmpty()) {
        // Trees without a superblock exist; who starts from one has said so somewhere else.
        run.warn(
            "transfer "
                + Quote.quote(group.data().transferId())
                + " is not compared with its hash tree: the partition of "
                + Quote.quote(id)
                + " "
                + e.clause());
        return Optional.empty();
      }
      throw refused(
              set,
              Set.of(id),
              Reason.VERITY_UNUSABLE,
              "its part " + Quote.quote(id) + " " + e.clause())
          .found(texts(others))
          .unfit();
    }
  }

  private void requireOneRootHash(
      VersionSet set, VerityGroup group, List<Claim.Whole> wholes, boolean uuidsNeeded)
      throws UpdateException {
    var agreement =
        RootHashAgreement.of(
            wholes,
            List.of(
                new Claim.DataUuid(group.data().transferId(), group.data().partition().uuid()),
                new Claim.VerityUuid(group.tree().transferId(), group.tree().partition().uuid())),
            uuidsNeeded);
    if (agreement.fits()) {
      return;
    }
    List<Claim> all = new ArrayList<>(wholes);
    agreement.misfits().stream().filter(claim -> !all.contains(claim)).forEach(all::add);
    // The UUID comes from the definition or the payload's name: the same would come again.
    Set<String> fetchAgain =
        agreement.misfits().stream()
            .filter(Claim.Whole.class::isInstance)
            .map(Claim::transferId)
            .collect(Collectors.toCollection(LinkedHashSet::new));
    Set<String> misfits =
        agreement.misfits().stream()
            .map(Claim::transferId)
            .collect(Collectors.toCollection(LinkedHashSet::new));
    throw refused(
            set,
            fetchAgain,
            Reason.PARTS_MIXED,
            agreement.decided()
                ? names(misfits)
                    + (misfits.size() == 1 ? " does" : " do")
                    + " not fit the other parts"
                : names(misfits) + " do not fit together")
        .found(texts(all))
        .unfit();
  }

  private static String texts(List<? extends Claim> claims) {
    return claims.stream().map(Claim::text).collect(Collectors.joining("; "));
  }

  private static String names(Collection<String> ids) {
    return ids.stream().map(Quote::quote).collect(Collectors.joining(" and "));
  }

  private Optional<Claim.Whole> signed(VersionSet set, VerityGroup group, OpenFile disk)
      throws IOException, UpdateException {
    if (group.signature().isEmpty()) {
      return Optional.empty();
    }
    MemberSlot slot = group.signature().get();
    String clause;
    try {
      var document = SignatureDocument.read(slot.extent(disk));
      var signature =
          RootHashSignature.read(
              document,
              RootHashSignature.certificates(run.machine().kernel(), run.machine().root()));
      run.tell(
          new UpdateEvent.RootHashSigned(
              slot.transferId(),
              signature.root(),
              Quote.quote(signature.certificate()),
              signature.fingerprint(),
              signature.compared()));
      return Optional.of(
          new Claim.Whole(slot.transferId(), "its signature is of root hash", document.rootHash()));
    } catch (MalformedVerityException e) {
      clause = e.clause();
    } catch (MalformedSignatureException e) {
      clause = e.clause();
    } catch (WrongSignatureException e) {
      clause = e.clause();
    }
    throw refused(
            set,
            Set.of(slot.transferId()),
            Reason.ROOT_HASH_SIGNATURE_INVALID,
            "its part " + Quote.quote(slot.transferId()) + " is no signature of a root hash")
        .found("the partition " + slot.location() + " " + clause)
        .unfit();
  }

  // ---- What is started ----

  private List<BootFile> bootFiles(VersionSet set) throws UpdateException {
    List<BootFile> found = new ArrayList<>();
    for (Member member : set.members()) {
      if (member.held().isPresent()
          && member.held().get() instanceof Instance.InDirectory file
          && file.stage() != Stage.PARTIAL
          && file.type() == ResourceType.REGULAR_FILE
          && BootFile.isNamedSo(file.path())) {
        bootFile(set, member, file.path()).ifPresent(found::add);
      }
    }
    return List.copyOf(found);
  }

  private Optional<BootFile> bootFile(VersionSet set, Member member, Path path)
      throws UpdateException {
    try (OpenFile file = run.machine().kernel().open(path, Set.of(OpenFlag.READ))) {
      return Optional.of(new BootFile(id(member), path, EfiProgram.read(file)));
    } catch (NotBootableException e) {
      if (run.settings().checks().anyBootFile()) {
        run.warn(
            "transfer "
                + Quote.quote(id(member))
                + " is nothing that firmware could start: "
                + Quote.quote(path.toString())
                + " "
                + e.clause());
        return Optional.empty();
      }
      throw unusable(set, id(member), path, e.clause());
    } catch (IOException e) {
      throw reading(path, e);
    }
  }

  private UpdateException unusable(VersionSet set, String id, Path path, String clause)
      throws UpdateException {
    return refused(
            set,
            Set.of(id),
            Reason.BOOT_FILE_UNUSABLE,
            "its part " + Quote.quote(id) + " is nothing that firmware could start")
        .found(Quote.quote(path.toString()) + " " + clause)
        .unfit();
  }

  private void requireBootable(VersionSet set, List<BootFile> files) throws UpdateException {
    Optional<Architecture> architecture = architecture(set);
    if (architecture.isEmpty() && !files.isEmpty()) {
      run.detail("Nothing tells the architecture that boot files should have.");
    }
    for (BootFile file : files) {
      Optional<PeMachine> expected =
          (file.program().kind() == EfiProgram.Kind.OTHER
                  ? file.namedMachine()
                  : Optional.<PeMachine>empty())
              .or(() -> architecture.flatMap(each -> FirmwareMachine.of(each, Optional.empty())));
      if (expected.isPresent() && expected.get() != file.program().machine()) {
        throw refused(
                set,
                Set.of(file.transferId()),
                Reason.ARCHITECTURE_WRONG,
                "its part " + Quote.quote(file.transferId()) + " is for another architecture")
            .found(
                Quote.quote(file.path().toString())
                    + " is for "
                    + file.program().machine().suffix()
                    + ", expected is "
                    + expected.get().suffix())
            .unfit();
      }
    }
    List<BootFile> kernels =
        files.stream().filter(file -> file.program().kind() == EfiProgram.Kind.KERNEL).toList();
    for (BootFile kernel : kernels) {
      requireShown(set, kernel);
    }
    for (BootFile file : files) {
      if (file.ownerName().isPresent() && !kernels.isEmpty()) {
        requireOwner(set, file, kernels);
      }
    }
  }

  /**
   * Which machine it is for: the types of the partitions tell it where they depend on that, else
   * the running system or the os-release of another one.
   */
  private Optional<Architecture> architecture(VersionSet set) {
    Optional<Architecture> typed =
        set.members().stream()
            .flatMap(member -> MemberSlot.of(member).stream())
            .flatMap(slot -> slot.type().architecture().stream())
            .findFirst();
    if (typed.isPresent()) {
      return typed;
    }
    var facts = HostFacts.read(run.machine().root(), run.machine().environment());
    return run.machine().isRunning()
        ? facts.architecture()
        : facts.field("ARCHITECTURE").flatMap(Architecture::parse);
  }

  /** Boot loaders show files in EFI/Linux by their os-release only (Boot Loader Specification). */
  private void requireShown(VersionSet set, BootFile kernel) throws UpdateException {
    Path directory = kernel.path().getParent();
    Optional<Map<String, String>> release = kernel.program().osRelease();
    if (release.isEmpty() && directory != null && directory.endsWith(BOOT_ENTRIES)) {
      throw unusable(
          set,
          kernel.transferId(),
          kernel.path(),
          "has no section .osrel, without which boot loaders do not show it");
    }
    Optional<String> version =
        release.map(fields -> fields.getOrDefault("IMAGE_VERSION", "")).filter(v -> !v.isEmpty());
    if (version.isPresent() && !version.get().equals(set.version().text())) {
      run.warn(
          "transfer "
              + Quote.quote(kernel.transferId())
              + " says in its kernel file that it is version "
              + Quote.quote(version.get())
              + ", not "
              + set.version());
    }
  }

  /** An add-on is applied to the kernel file that its directory names (systemd-stub(7)). */
  private void requireOwner(VersionSet set, BootFile addOn, List<BootFile> kernels)
      throws UpdateException {
    String owner = addOn.ownerName().orElseThrow();
    Optional<BootFile> kernel =
        kernels.stream().filter(each -> each.nameWithoutTries().equals(owner)).findFirst();
    String fault;
    if (addOn.program().kind() != EfiProgram.Kind.ADD_ON) {
      fault =
          addOn.program().kind() == EfiProgram.Kind.KERNEL
              ? "has a kernel of its own, which an add-on must not have"
              : "adds nothing to a kernel: no command line, initrd, microcode or device tree";
    } else if (kernel.isEmpty()) {
      fault = "belongs to " + Quote.quote(owner) + ", which is no kernel file of this version";
    } else if (addOn.program().kernelRelease().isPresent()
        && !addOn.program().kernelRelease().equals(kernel.get().program().kernelRelease())) {
      fault =
          "is for kernel "
              + Quote.quote(addOn.program().kernelRelease().get())
              + ", not "
              + kernel.get().program().kernelRelease().map(Quote::quote).orElse("the one there is");
    } else {
      return;
    }
    throw refused(
            set,
            Set.of(addOn.transferId()),
            Reason.PARTS_MIXED,
            Quote.quote(addOn.transferId()) + " does not fit the kernel file")
        .found(Quote.quote(addOn.path().toString()) + " " + fault)
        .unfit();
  }

  /**
   * Whether this machine's firmware would start the files. A shim in front of them may know other
   * keys, so that it is for the administrator to say whether that counts.
   */
  private void askFirmware(VersionSet set, List<BootFile> files) throws UpdateException {
    Checks.SecureBoot rule = run.settings().checks().secureBoot();
    if (rule == Checks.SecureBoot.IGNORE || !run.machine().isRunning() || files.isEmpty()) {
      return;
    }
    Path variables =
        Optional.ofNullable(run.machine().environment().get(FIRMWARE_VARIABLES))
            .map(Path::of)
            .orElse(FirmwareKeys.DIRECTORY);
    Optional<FirmwareKeys> keys;
    try {
      keys = FirmwareKeys.read(variables);
    } catch (NotBootableException e) {
      run.warn("the firmware's db cannot be used: it " + e.clause());
      return;
    } catch (IOException e) {
      run.warn("the firmware's db cannot be read: " + e.getMessage());
      return;
    }
    for (BootFile file : files) {
      if (keys.isPresent()) {
        askFirmware(set, file, keys.get(), rule);
      }
    }
  }

  private void askFirmware(VersionSet set, BootFile file, FirmwareKeys keys, Checks.SecureBoot rule)
      throws UpdateException {
    String reason;
    try (OpenFile open = run.machine().kernel().open(file.path(), Set.of(OpenFlag.READ))) {
      var signatures = Authenticode.read(open);
      Optional<String> by = keys.accepts(signatures);
      if (by.isPresent()) {
        run.detail(
            "Transfer "
                + Quote.quote(file.transferId())
                + ": the firmware starts its file by "
                + Quote.quote(by.get())
                + " in db.");
        return;
      }
      reason =
          signatures.messages().isEmpty()
              ? "is not signed, and its digest is not in db"
              : "has no signature by a key in db";
    } catch (NotBootableException e) {
      reason = e.clause();
    } catch (IOException e) {
      throw reading(file.path(), e);
    }
    String found = Quote.quote(file.path().toString()) + " " + reason;
    if (rule == Checks.SecureBoot.REFUSE && keys.enforced()) {
      throw refused(
              set,
              Set.of(file.transferId()),
              Reason.SECURE_BOOT_DENIES,
              "the firmware would not start its part " + Quote.quote(file.transferId()))
          .found(found)
          .unfit();
    }
    String text =
        "transfer "
            + Quote.quote(file.transferId())
            + ": the firmware itself would not start its file, "
            + found;
    if (keys.enforced()) {
      run.warn(text);
    } else {
      run.detail("While Secure Boot is off that is no matter: " + text + ".");
    }
  }

  /** The root hashes on command lines, where one is asked for by this option. */
  private List<Claim.Whole> named(VersionSet set, String option, List<BootFile> files)
      throws UpdateException {
    List<Claim.Whole> claims = new ArrayList<>();
    for (BootFile file : files) {
      for (String text : file.program().options(option)) {
        Optional<RootHash> root = RootHash.parse(text);
        if (root.isEmpty()) {
          throw unusable(
              set,
              file.transferId(),
              file.path(),
              "has " + option + "=" + Quote.quote(text) + " on its command line, no root hash");
        }
        claims.add(
            new Claim.Whole(file.transferId(), "its command line asks for " + option, root.get()));
      }
    }
    return claims.stream().distinct().toList();
  }

  /** Whether the partitions are named, so that nobody looks for them by their UUIDs. */
  private static boolean namesPartitions(String option, List<BootFile> files) {
    String what = option.equals("usrhash") ? "usr" : "root";
    return Stream.of("data", "hash")
        .anyMatch(part ->
            files.stream()
                .anyMatch(file ->
                    !file.program().options("systemd.verity_" + what + "_" + part).isEmpty()));
  }

  // ---- What the disk holds ----

  /** Only what is not in place yet: of what is, this was done before it was put there. */
  private void readBack(VersionSet set, List<VerityGroup> groups) throws UpdateException {
    Set<String> ids = new LinkedHashSet<>();
    for (VerityGroup group : groups) {
      if (group.data().instance().stage() == Stage.PENDING
          || group.tree().instance().stage() == Stage.PENDING) {
        group.slots().forEach(slot -> ids.add(slot.transferId()));
      }
    }
    List<Member> members =
        set.members().stream().filter(member -> ids.contains(id(member))).toList();
    if (members.isEmpty()) {
      return;
    }
    Verification verification =
        new Verifier(run, new VersionSet(set.version(), members, set.flags())).verify();
    List<Verification.Part.Damaged> damaged =
        verification.parts().stream()
            .filter(Verification.Part.Damaged.class::isInstance)
            .map(Verification.Part.Damaged.class::cast)
            .toList();
    if (damaged.isEmpty()) {
      return;
    }
    Set<String> damagedIds =
        damaged.stream()
            .map(Verification.Part::transferId)
            .collect(Collectors.toCollection(LinkedHashSet::new));
    String found =
        damaged.stream()
            .map(part -> part.location() + " " + String.join(" and ", part.faults()))
            .collect(Collectors.joining("; "));
    if (damaged.stream().anyMatch(Preflight::ofAnotherVersion)) {
      throw refused(
              set,
              damagedIds,
              Reason.PARTS_MIXED,
              names(damagedIds)
                  + (damagedIds.size() == 1 ? " does" : " do")
                  + " not fit the hash tree beside it")
          .found(found)
          .unfit();
    }
    throw refused(
            set, damagedIds, Reason.READ_BACK_MISMATCH, "the disk does not hold what was written")
        .found(found)
        .writeFailed();
  }

  /** A disk loses blocks, not most of them. */
  private static boolean ofAnotherVersion(Verification.Part.Damaged part) {
    return part.blocks().filter(blocks -> blocks.bad().count() > blocks.blocks() / 2).isPresent();
  }

  // ---- Refusing ----

  private static String id(Member member) {
    return member.inventory().transfer().id();
  }

  private UpdateException reading(Path device, IOException cause) {
    return cause instanceof InterruptedIOException
        ? Failures.interrupted("reading " + Quote.quote(device.toString()))
        : IoFailure.reading("reading " + Quote.quote(device.toString()) + " failed", cause);
  }

  /**
   * Begins a refusal, and disowns what does not fit.
   *
   * @param unfit transfers of what is to be fetched again
   * @param why clause that says which part does not fit
   */
  private UpdateException.Details refused(
      VersionSet set, Collection<String> unfit, Reason reason, String why) throws UpdateException {
    List<String> disowned = new ArrayList<>();
    for (Member member : set.members()) {
      if (unfit.contains(id(member)) && member.pending()) {
        disown(member);
        disowned.add(id(member));
      }
    }
    return UpdateException.because(
            reason, "refused to install version " + set.version() + ": " + why)
        .remedy(
            disowned.isEmpty()
                ? "take another version, and tell the publisher"
                : "run the command again, which fetches "
                    + names(disowned)
                    + " anew; if that does not help, tell the publisher");
  }

  private void disown(Member member) throws UpdateException {
    switch (member.held().orElseThrow()) {
      case Instance.InPartition slot -> {
        run.slots()
            .disown(
                slot,
                ((Target.Partition) member.inventory().transfer().transfer().target())
                    .partitionType());
        run.warnOfRepairs();
      }
      case Instance.InDirectory file ->
          run.files()
              .remove(
                  file.path(), ((Place.Directory) member.inventory().transfer().target()).path());
      case Instance.OnWeb web ->
          throw new IllegalStateException("an offer is not installed: " + web.uri());
    }
  }
}
