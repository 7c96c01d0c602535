package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.update.Updater;
import org.particleos.update.update.Verification;
import org.particleos.update.update.Verification.Part;
import org.particleos.update.verity.BlockRanges;
import org.particleos.update.verity.Integrity;

/** Reads what is installed and says whether it is what was published. */
final class VerifyVerb extends Verb {
  /** Widest name of a transfer that keeps the texts in one column. */
  private static final int NAME_COLUMNS = 18;

  /** More would not help anybody who reads them; JSON has all that are known. */
  private static final int RANGES_SHOWN = 8;

  private final Given version =
      arguments().word("0..1", "VERSION", "Verify this version instead of the newest one.");

  private final Given repair =
      arguments()
          .flag(
              "Fetch damaged blocks again from where the version is still offered, and replace"
                  + " them.",
              "--repair");

  VerifyVerb() {
    super(
        "verify",
        "Read the slots of the newest installed version, or of VERSION, and compare every block"
            + " with its hash tree. Without --repair it changes nothing and asks no server.",
        Spelling.OWN,
        Access.READ_ONLY,
        1,
        ONE_INSTALLATION);
  }

  @Override
  ExitStatus run() throws UpdateException {
    JsonMode json = options().json();
    try (Updater updater = updater(progress())) {
      Optional<String> named = version.text();
      Verification verification =
          repair.isSet() ? updater.repair(named, caller()) : updater.verify(named);
      if (json == JsonMode.OFF) {
        print(verification);
      } else {
        Json.print(terminal().out(), json, node(verification));
      }
      return verification.damaged() ? ExitStatus.CONTENT_DAMAGED : ExitStatus.OK;
    }
  }

  // ---- As text ----

  private void print(Verification verification) {
    terminal().out().println("version " + verification.version());
    verification.parts().forEach(this::print);
    if (!options().legend()) {
      return;
    }
    terminal().out().println();
    terminal()
        .out()
        .println(
            verification.damaged()
                ? "Damaged: do not rely on this version. See the kernel log for errors of the disk."
                : inItself(verification)
                    ? "Tree and data belong together, but no partition UUID or signature partition"
                        + " tells the root hash."
                    : "All that was verified is what was published.");
  }

  private static boolean inItself(Verification verification) {
    return verification.parts().stream()
        .anyMatch(part ->
            part instanceof Part.Sound sound && sound.assurance() == Verification.Assurance.ITSELF);
  }

  private void print(Part part) {
    String mark =
        switch (part) {
          case Part.Sound _ -> terminal().paint("32", terminal().glyph("✓", "ok"));
          case Part.Damaged _ -> terminal().paint("1;31", terminal().glyph("✗", "no"));
          case Part.Unverified _ -> terminal().paint("33", "!");
        };
    var line = new StringBuilder(mark).repeat(" ", Math.max(1, 3 - Table.width(mark)));
    line.append(String.format(Locale.ROOT, "%-" + NAME_COLUMNS + "s ", part.transferId()));
    line.append(
        switch (part) {
          case Part.Sound sound -> sound(sound);
          case Part.Damaged damaged -> "damaged: " + faults(damaged);
          case Part.Unverified unverified -> "not verified: " + obstacle(unverified.obstacle());
        });
    terminal().out().println(line.append(" (").append(part.location()).append(')'));
  }

  private static String sound(Part.Sound sound) {
    String what =
        sound
            .blocks()
            .map(blocks -> blocks.blocks() + " blocks of " + blocks.blockBytes() + " bytes")
            .orElse("it names the root hash of the tree");
    return switch (sound.assurance()) {
      case PARTITION_UUIDS, SIGNATURE_PARTITION -> "good: " + what;
      case ITSELF -> "good in itself: " + what;
    };
  }

  private static String faults(Part.Damaged damaged) {
    String text = "it " + String.join("; it ", damaged.faults());
    List<BlockRanges.Range> ranges =
        damaged.blocks().map(blocks -> blocks.bad().first()).orElse(List.of());
    if (ranges.isEmpty()) {
      return text;
    }
    String shown =
        String.join(
            ", ", ranges.stream().limit(RANGES_SHOWN).map(BlockRanges.Range::toString).toList());
    return text + "; bad blocks: " + shown + (ranges.size() > RANGES_SHOWN ? ", …" : "");
  }

  private static String obstacle(Verification.Obstacle obstacle) {
    return switch (obstacle) {
      case MISSING -> "there is none of this version";
      case PARTIAL -> "it is an unfinished download";
      case NO_DIGEST_KEPT -> "no digest of it is kept";
      case UNPAIRED -> "no data and hash tree of this version beside each other";
      case AMBIGUOUS -> "several partitions of this version and type";
      case HASH_TREE_UNUSABLE -> "the hash tree cannot be used";
    };
  }

  // ---- As JSON ----

  private static ObjectNode node(Verification verification) {
    ObjectNode node = Json.object();
    node.put("version", verification.version().text());
    node.put("damaged", verification.damaged());
    ArrayNode parts = node.putArray("parts");
    for (Part part : verification.parts()) {
      ObjectNode one = parts.addObject();
      one.put("transfer", part.transferId());
      one.put("path", part.location());
      switch (part) {
        case Part.Sound sound -> {
          one.put("result", "good");
          one.put("rootHash", sound.root().hex());
          one.put("assurance", word(sound.assurance()));
          sound.blocks().ifPresent(blocks -> put(one, blocks));
        }
        case Part.Damaged damaged -> {
          one.put("result", "damaged");
          ArrayNode faults = one.putArray("faults");
          damaged.faults().forEach(faults::add);
          damaged.blocks().ifPresent(blocks -> put(one, blocks));
        }
        case Part.Unverified unverified -> {
          one.put("result", "unverified");
          one.put("why", word(unverified.obstacle()));
        }
      }
    }
    return node;
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static void put(ObjectNode node, Integrity.Compared compared) {
    node.put("blocks", compared.blocks());
    node.put("blockBytes", compared.blockBytes());
    node.put("badBlocks", compared.bad().count());
    node.put("unknownBlocks", compared.cutOff());
    ArrayNode ranges = node.putArray("badRanges");
    for (BlockRanges.Range range : compared.bad().first()) {
      ranges.addObject().put("from", range.from()).put("to", range.to());
    }
    node.put("badRangesComplete", compared.bad().complete());
  }
}
