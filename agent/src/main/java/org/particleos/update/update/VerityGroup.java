package org.particleos.update.update;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Slots of one version on one disk that dm-verity sets up together, told by partition types: data
 * of a type that the Discoverable Partitions Specification knows, the verity type beside it, and
 * the type of its signature.
 */
record VerityGroup(MemberSlot data, MemberSlot tree, Optional<MemberSlot> signature) {
  /** All of them, data first. */
  List<MemberSlot> slots() {
    return Stream.concat(Stream.of(data, tree), signature.stream()).toList();
  }

  /**
   * What could belong to some data.
   *
   * @param same the data itself, and other data of its type
   */
  record Candidates(
      MemberSlot data, List<MemberSlot> same, List<MemberSlot> trees, List<MemberSlot> signatures) {
    static Candidates of(MemberSlot data, List<MemberSlot> slots) {
      return new Candidates(
          data,
          beside(data, slots, Optional.of(data.type().uuid())),
          beside(data, slots, data.type().verityType()),
          beside(data, slots, data.type().veritySignatureType()));
    }

    private static List<MemberSlot> beside(
        MemberSlot data, List<MemberSlot> slots, Optional<UUID> type) {
      return slots.stream()
          .filter(slot -> slot.disk().equals(data.disk()))
          .filter(slot -> type.filter(slot.type().uuid()::equals).isPresent())
          .toList();
    }

    /** Several of one kind, so that none can be told to belong to the data. */
    boolean ambiguous() {
      return !trees.isEmpty() && (same.size() > 1 || trees.size() > 1 || signatures.size() > 1);
    }

    List<MemberSlot> all() {
      return Stream.of(same, trees, signatures).flatMap(List::stream).toList();
    }

    /** Empty also for data without a hash tree. */
    Optional<VerityGroup> group() {
      return trees.isEmpty() || ambiguous()
          ? Optional.empty()
          : Optional.of(new VerityGroup(data, trees.getFirst(), signatures.stream().findFirst()));
    }
  }
}
