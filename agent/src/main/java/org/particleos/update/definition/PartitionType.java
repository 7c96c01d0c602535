package org.particleos.update.definition;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.particleos.update.definition.DiscoverablePartitions.Role;
import org.particleos.update.pattern.FieldText;

/**
 * A GPT partition type (transfer-files.md 15). Which attribute bits it knows depends on the UUID
 * only.
 *
 * @param name as written, if it was written as a name
 */
public record PartitionType(UUID uuid, Optional<String> name) {
  public static final PartitionType ESP = fixed("esp", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
  public static final PartitionType XBOOTLDR =
      fixed("xbootldr", "bc13c2ff-59e6-4262-a352-b275fd6f7172");
  public static final PartitionType LINUX_GENERIC =
      fixed("linux-generic", "0fc63daf-8483-4772-8e79-3d69d8477de4");

  private static final PartitionType SWAP = fixed("swap", "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f");
  private static final PartitionType HOME = fixed("home", "933ac7e1-2eb4-4f13-b844-0e14e2aef915");
  private static final PartitionType SRV = fixed("srv", "3b8f8425-20e0-4f3b-907f-1a25a76f98e8");
  private static final PartitionType VAR = fixed("var", "4d21b016-b534-45c2-a9fb-5c16e091fd2d");
  private static final PartitionType TMP = fixed("tmp", "7ec6f557-3bc5-4aca-b293-16ef5df639d1");
  private static final PartitionType USER_HOME =
      fixed("user-home", "773f91ef-66d4-49b5-bd83-d683bf40ad16");

  private static final Map<String, PartitionType> FIXED =
      Stream.of(ESP, XBOOTLDR, LINUX_GENERIC, SWAP, HOME, SRV, VAR, TMP, USER_HOME)
          .collect(Collectors.toUnmodifiableMap(type -> type.name().orElseThrow(), type -> type));

  // update-algorithm.md 10.2
  private static final UUID PARTIAL_MARKER =
      UUID.fromString("accfa0c2-da24-460a-9fc9-0bb8fc785219");
  private static final UUID PENDING_MARKER =
      UUID.fromString("80f3d61e-2383-43b9-81f5-ce3793f47d4c");

  public PartitionType {
    Objects.requireNonNull(uuid);
    Objects.requireNonNull(name);
  }

  /** A type without a name. */
  public static PartitionType of(UUID uuid) {
    return new PartitionType(uuid, Optional.empty());
  }

  /** A symbolic name, else a UUID in any spelling. */
  public static Optional<PartitionType> parse(String text, Architecture nativeArchitecture) {
    return parse(text, Optional.of(nativeArchitecture));
  }

  /** As above; without a native architecture {@code root}, {@code usr} and so on mean nothing. */
  static Optional<PartitionType> parse(String text, Optional<Architecture> nativeArchitecture) {
    var fixed = FIXED.get(text);
    if (fixed != null) {
      return Optional.of(fixed);
    }
    return discoverable(text, nativeArchitecture)
        .map(uuid -> new PartitionType(uuid, Optional.of(text)))
        .or(() -> FieldText.uuid(text).map(PartitionType::of));
  }

  private static Optional<UUID> discoverable(String text, Optional<Architecture> nativeOne) {
    for (Role role : Role.values()) {
      var middle = role.middle(text);
      if (middle.isPresent()) {
        var architecture =
            switch (middle.get()) {
              case "" -> nativeOne;
              case "secondary" -> nativeOne.flatMap(Architecture::secondary);
              default -> Architecture.parse(middle.get());
            };
        var type = architecture.flatMap(one -> DiscoverablePartitions.type(one, role));
        if (type.isPresent()) {
          return type;
        }
      }
    }
    return Optional.empty();
  }

  /** Whether the specification names this type, which then is derived from no other. */
  public static boolean isNamed(UUID type) {
    return DiscoverablePartitions.role(type).isPresent()
        || FIXED.values().stream().anyMatch(one -> one.uuid.equals(type));
  }

  /** Whether attribute bit 60 means something for this type. */
  public boolean knowsReadOnly() {
    return DiscoverablePartitions.role(uuid).isPresent() || isData();
  }

  /** Whether attribute bit 59 means something for this type. */
  public boolean knowsGrowFileSystem() {
    return isData()
        || DiscoverablePartitions.role(uuid)
            .filter(role -> role == Role.ROOT || role == Role.USR)
            .isPresent();
  }

  /** Whether attribute bit 63 means something for this type. */
  public boolean knowsNoAuto() {
    return isData()
        || uuid.equals(SWAP.uuid)
        || DiscoverablePartitions.role(uuid)
            .filter(role -> role != Role.ROOT_VERITY_SIG && role != Role.USR_VERITY_SIG)
            .isPresent();
  }

  /** The type of partitions with the hash tree for data of this type; empty if there is none. */
  public Optional<UUID> verityType() {
    return DiscoverablePartitions.role(uuid)
        .flatMap(role ->
            switch (role) {
              case ROOT -> Optional.of(Role.ROOT_VERITY);
              case USR -> Optional.of(Role.USR_VERITY);
              case ROOT_VERITY, ROOT_VERITY_SIG, USR_VERITY, USR_VERITY_SIG -> Optional.empty();
            })
        .flatMap(role -> DiscoverablePartitions.beside(uuid, role));
  }

  /** The type of partitions with the signature of that tree's root hash. */
  public Optional<UUID> veritySignatureType() {
    return DiscoverablePartitions.role(uuid)
        .flatMap(role ->
            switch (role) {
              case ROOT -> Optional.of(Role.ROOT_VERITY_SIG);
              case USR -> Optional.of(Role.USR_VERITY_SIG);
              case ROOT_VERITY, ROOT_VERITY_SIG, USR_VERITY, USR_VERITY_SIG -> Optional.empty();
            })
        .flatMap(role -> DiscoverablePartitions.beside(uuid, role));
  }

  /** The option of the kernel's command line that names the root hash for data of this type. */
  public Optional<String> rootHashOption() {
    return DiscoverablePartitions.role(uuid)
        .flatMap(role ->
            switch (role) {
              case ROOT -> Optional.of("roothash");
              case USR -> Optional.of("usrhash");
              case ROOT_VERITY, ROOT_VERITY_SIG, USR_VERITY, USR_VERITY_SIG -> Optional.empty();
            });
  }

  /** Which architecture it is for; empty for types that all of them share. */
  public Optional<Architecture> architecture() {
    return DiscoverablePartitions.architecture(uuid);
  }

  private boolean isData() {
    return Stream.of(HOME, SRV, VAR, TMP, XBOOTLDR).anyMatch(type -> type.uuid.equals(uuid));
  }

  /** The type of a slot of this type that is being written (update-algorithm.md 10.2). */
  public UUID partial() {
    return derived(PARTIAL_MARKER);
  }

  /** The type of a slot of this type that is complete but not installed. */
  public UUID pending() {
    return derived(PENDING_MARKER);
  }

  private UUID derived(UUID marker) {
    try {
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(bytes(uuid), "HmacSHA256"));
      var digest = ByteBuffer.wrap(mac.doFinal(bytes(marker)));
      // Version 4 and variant 1, as of a random UUID.
      long high = (digest.getLong() & ~0xf000L) | 0x4000L;
      long low = (digest.getLong() & ~(0b11L << 62)) | (0b10L << 62);
      return new UUID(high, low);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has HmacSHA256", e);
    }
  }

  /** In textual, big-endian order. */
  private static byte[] bytes(UUID uuid) {
    return ByteBuffer.allocate(16)
        .putLong(uuid.getMostSignificantBits())
        .putLong(uuid.getLeastSignificantBits())
        .array();
  }

  private static PartitionType fixed(String name, String uuid) {
    return new PartitionType(UUID.fromString(uuid), Optional.of(name));
  }

  @Override
  public String toString() {
    return name.orElseGet(uuid::toString);
  }
}
