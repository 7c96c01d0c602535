package org.particleos.update.image;

import java.util.Optional;
import java.util.UUID;
import org.particleos.update.definition.Architecture;
import org.particleos.update.definition.PartitionType;

/**
 * What a partition is for, by the names of image policies (systemd.image-policy(7)), whatever the
 * architecture. In the order in which they are mounted.
 */
enum Designator {
  ROOT("root"),
  USR("usr"),
  VAR("var"),
  HOME("home"),
  SRV("srv"),
  TMP("tmp"),
  XBOOTLDR("xbootldr"),
  ESP("esp"),
  SWAP("swap"),
  ROOT_VERITY("root-verity"),
  ROOT_VERITY_SIG("root-verity-sig"),
  USR_VERITY("usr-verity"),
  USR_VERITY_SIG("usr-verity-sig");

  private final String text;

  Designator(String text) {
    this.text = text;
  }

  String text() {
    return text;
  }

  static Optional<Designator> parse(String text) {
    for (Designator designator : values()) {
      if (designator.text.equals(text)) {
        return Optional.of(designator);
      }
    }
    return Optional.empty();
  }

  /** Whether it is ever mounted. The others serve to check or swap, which is not done here. */
  boolean mounted() {
    return switch (this) {
      case ROOT, USR, VAR, HOME, SRV, TMP, XBOOTLDR, ESP -> true;
      case SWAP, ROOT_VERITY, ROOT_VERITY_SIG, USR_VERITY, USR_VERITY_SIG -> false;
    };
  }

  /** Whether the policy for it follows from that of another partition unless it is listed. */
  boolean derived() {
    return switch (this) {
      case ROOT_VERITY, ROOT_VERITY_SIG, USR_VERITY, USR_VERITY_SIG -> true;
      case ROOT, USR, VAR, HOME, SRV, TMP, XBOOTLDR, ESP, SWAP -> false;
    };
  }

  /** The type in a GPT; empty if there is none for the architecture. */
  Optional<UUID> type(Architecture architecture) {
    return PartitionType.parse(text, architecture).map(PartitionType::uuid);
  }

  @Override
  public String toString() {
    return text;
  }
}
