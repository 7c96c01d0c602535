package org.particleos.update.image;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.particleos.update.definition.Architecture;
import org.particleos.update.definition.PartitionType;
import org.particleos.update.disk.Partition;
import org.particleos.update.disk.PartitionAttributes;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.image.ImagePolicy.Rule;
import org.particleos.update.image.ImagePolicy.Use;
import org.particleos.update.version.VersionOrder;

/**
 * Decides which parts of an image are mounted as what (Discoverable Partitions Specification);
 * touches nothing.
 *
 * @param parts in the order in which they are mounted
 */
record Dissection(List<Part> parts) {
  /** The label of a slot that holds nothing. */
  private static final String EMPTY_LABEL = "_empty";

  /**
   * A part of the disk that is mounted.
   *
   * @param number of the partition; empty if the file system fills the disk
   * @param readOnly the flag in the table
   */
  record Part(
      Designator designator,
      OptionalInt number,
      long startBytes,
      long sizeBytes,
      boolean readOnly) {}

  Dissection {
    parts = List.copyOf(parts);
  }

  /** An image that is one file system without a partition table. */
  static Dissection ofFileSystem(long sizeBytes, ImagePolicy policy) throws UpdateException {
    for (Designator designator : Designator.values()) {
      if (designator == Designator.ROOT) {
        requireFlags(designator, policy.rule(designator), 0);
      }
      if (!used(designator, policy.rule(designator), designator == Designator.ROOT)
          && designator == Designator.ROOT) {
        throw nothingToMount("the policy leaves its file system alone");
      }
    }
    return new Dissection(
        List.of(new Part(Designator.ROOT, OptionalInt.empty(), 0, sizeBytes, false)));
  }

  /**
   * An image with a partition table.
   *
   * @param nativeArchitecture preferred if the image is made for several
   * @throws UpdateException.Configuration if the policy does not accept what is there, or there is
   *     neither a root nor a /usr partition
   */
  static Dissection of(
      List<Partition> partitions, Optional<Architecture> nativeArchitecture, ImagePolicy policy)
      throws UpdateException {
    var found = choose(partitions, nativeArchitecture);
    var parts = new ArrayList<Part>();
    for (Designator designator : Designator.values()) {
      var partition = Optional.ofNullable(found.get(designator));
      var rule = policy.rule(designator);
      if (!used(designator, rule, partition.isPresent())) {
        continue;
      }
      var used = partition.orElseThrow();
      requireFlags(designator, rule, used.attributes());
      parts.add(
          new Part(
              designator,
              OptionalInt.of(used.number()),
              used.startBytes(),
              used.sizeBytes(),
              (used.attributes() & PartitionAttributes.READ_ONLY) != 0
                  && PartitionType.of(used.type()).knowsReadOnly()));
    }
    if (parts.stream().noneMatch(part -> part.designator == Designator.ROOT)
        && parts.stream().noneMatch(part -> part.designator == Designator.USR)) {
      throw nothingToMount("it has neither a root nor a /usr partition that may be used");
    }
    return new Dissection(parts);
  }

  static Optional<Architecture> nativeArchitecture() {
    return Architecture.ofMachine(System.getProperty("os.arch"), ByteOrder.nativeOrder());
  }

  /** One partition for each purpose. */
  private static Map<Designator, Partition> choose(
      List<Partition> partitions, Optional<Architecture> nativeArchitecture) {
    var candidates = partitions.stream().filter(Dissection::discoverable).toList();
    var architectures = new LinkedHashSet<Architecture>();
    nativeArchitecture.ifPresent(architectures::add);
    architectures.addAll(List.of(Architecture.values()));
    Map<Designator, Partition> found = Map.of();
    for (Architecture architecture : architectures) {
      found = choose(candidates, architecture);
      if (found.containsKey(Designator.ROOT) || found.containsKey(Designator.USR)) {
        return found;
      }
    }
    // Without any, a single partition for data in general is the root.
    var generic =
        candidates.stream()
            .filter(partition -> partition.type().equals(PartitionType.LINUX_GENERIC.uuid()))
            .toList();
    var all = new EnumMap<Designator, Partition>(Designator.class);
    all.putAll(found);
    if (generic.size() == 1) {
      all.put(Designator.ROOT, generic.getFirst());
    }
    return all;
  }

  private static Map<Designator, Partition> choose(
      List<Partition> candidates, Architecture architecture) {
    var found = new EnumMap<Designator, Partition>(Designator.class);
    for (Designator designator : Designator.values()) {
      var type = designator.type(architecture);
      candidates.stream()
          .filter(partition -> type.isPresent() && partition.type().equals(type.get()))
          // Of two with equal labels the first in the table.
          .sorted(Comparator.comparingInt(Partition::number))
          .reduce(
              (best, next) -> VersionOrder.compare(next.label(), best.label()) > 0 ? next : best)
          .ifPresent(partition -> found.put(designator, partition));
    }
    return found;
  }

  private static boolean discoverable(Partition partition) {
    boolean noAuto =
        (partition.attributes() & PartitionAttributes.NO_AUTO) != 0
            && PartitionType.of(partition.type()).knowsNoAuto();
    return !noAuto && !partition.label().equals(EMPTY_LABEL);
  }

  /** Whether the partition is to be mounted; refuses what the policy does not accept. */
  private static boolean used(Designator designator, Rule rule, boolean present)
      throws UpdateException {
    if (!present) {
      if (rule.allows(Use.ABSENT)) {
        return false;
      }
      throw refused(designator, "the image has no such partition");
    }
    if (!designator.mounted()) {
      if (rule.allows(Use.UNUSED) || rule.allows(Use.UNPROTECTED)) {
        return false;
      }
    } else if (rule.allows(Use.UNPROTECTED)) {
      return true;
    } else if (rule.allows(Use.UNUSED)) {
      return false;
    }
    if (rule.uses().equals(Set.of(Use.ABSENT))) {
      throw refused(designator, "the image has such a partition");
    }
    throw UpdateException.because(
            Reason.NOT_SUPPORTED,
            "refused the image: its policy for the " + designator + " partition cannot be met")
        .found("verity, signatures and encryption are asked for, which cannot be set up here")
        .remedy(
            "attach and unlock the image by other means and use --root=, or allow \"unprotected\""
                + " in --image-policy=")
        .configuration();
  }

  private static void requireFlags(Designator designator, Rule rule, long attributes)
      throws UpdateException {
    boolean readOnly = (attributes & PartitionAttributes.READ_ONLY) != 0;
    if (rule.readOnly().isPresent() && rule.readOnly().get() != readOnly) {
      throw refused(designator, "its read-only flag is " + (readOnly ? "set" : "not set"));
    }
    boolean grow = (attributes & PartitionAttributes.GROW_FILE_SYSTEM) != 0;
    if (rule.growFileSystem().isPresent() && rule.growFileSystem().get() != grow) {
      throw refused(designator, "its flag to grow is " + (grow ? "set" : "not set"));
    }
  }

  static UpdateException refused(Designator designator, String found) {
    return UpdateException.because(
            Reason.IMAGE_NOT_ACCEPTED,
            "refused the image: the " + designator + " partition is not as the policy demands")
        .found(found)
        .remedy("check that it is the right image, or change --image-policy=")
        .configuration();
  }

  private static UpdateException nothingToMount(String found) {
    return UpdateException.because(
            Reason.IMAGE_NOT_ACCEPTED, "refused the image: it holds no operating system")
        .found(found)
        .remedy("check that it is the right image, and what --image-policy= leaves out")
        .configuration();
  }
}
