package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.delta.SeekableCheck;
import org.particleos.update.delta.SeekablePacking;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.OpenFile;

/** Packs images for publishers, so that machines fetch only what they do not have. */
final class PackVerb extends Verb {
  private static final String SUFFIX = ".zst";

  /** What a file is called as long as it is not complete. */
  private static final String UNFINISHED = ".unfinished";

  private static final int KIB = 1024;

  private final Given output =
      arguments().option("FILE", "Write to this file instead of IMAGE.zst.", "-o", "--output");

  private final Given level =
      arguments().option("N", "How hard to try, 1 to 22 (default: 3, as zstd).", "--level");

  private final Given frameSize =
      arguments()
          .option(
              "BYTES",
              "How much of the image can be had by itself, 16K to 4M, a multiple of 4K (default:"
                  + " 128K). Small frames make updates smaller, and the file a little larger.",
              "--frame-size");

  private final Given check =
      arguments()
          .flag(
              "Pack nothing: look whether FILE is packed like that and whole; with IMAGE, whether"
                  + " it is that one.",
              "--check");

  private final Given files = arguments().words("1..2", "IMAGE|FILE [IMAGE]", "What to work on.");

  PackVerb() {
    super(
        "pack",
        "For publishers: pack IMAGE so that updates can fetch parts of it, as zstd with a seek"
            + " table, which every zstd unpacks. With --check, look whether a packed file is good.",
        Spelling.OWN,
        Access.READ_ONLY,
        1,
        Set.of());
  }

  @Override
  ExitStatus run() throws UpdateException {
    List<String> names = files.words();
    Path first = path(names.getFirst());
    if (check.isSet()) {
      requireNot(output, "--output=");
      requireNot(level, "--level=");
      requireNot(frameSize, "--frame-size=");
      return check(first, names.stream().skip(1).map(PackVerb::path).findFirst());
    }
    if (names.size() > 1) {
      throw invalid("two files", "one IMAGE, or --check FILE IMAGE");
    }
    pack(first, path(output.text().orElse(names.getFirst() + SUFFIX)));
    return ExitStatus.OK;
  }

  private static void requireNot(Given given, String option) throws UpdateException {
    if (given.text().isPresent()) {
      throw invalid(option, "nothing but files with --check");
    }
  }

  private static Path path(String text) {
    return Path.of(text).toAbsolutePath().normalize();
  }

  private Kernel kernel() {
    return machine().kernel();
  }

  // ---- Packing ----

  private void pack(Path image, Path target) throws UpdateException {
    int chosenLevel =
        (int)
            number("--level=", level, 1, SeekablePacking.LEVEL_MAX, SeekablePacking.LEVEL_DEFAULT);
    int frameBytes = frameBytes();
    Path unfinished = target.resolveSibling(target.getFileName() + UNFINISHED);
    SeekablePacking.Packed packed;
    try (OpenFile in = open(image)) {
      requireContent(in, frameBytes);
      requireFree(image, target);
      packed = pack(in, unfinished, chosenLevel, frameBytes);
    } catch (IOException e) {
      throw IoFailure.reading("reading " + quoted(image) + " failed", e).inState(NOTHING_WRITTEN);
    }
    try {
      kernel().rename(unfinished, target);
      kernel().syncDirectory(Optional.ofNullable(target.getParent()).orElse(target));
    } catch (IOException e) {
      throw IoFailure.writing("naming " + quoted(target) + " failed", e);
    }
    report(
        target,
        new SeekableCheck.Checked(
            packed.bytes(), packed.packedBytes(), packed.frames(), frameBytes, packed.digest()));
  }

  private static final String NOTHING_WRITTEN = "nothing was written";

  private OpenFile open(Path file) throws UpdateException {
    try {
      return kernel().open(file, Set.of(OpenFlag.READ));
    } catch (IOException e) {
      throw IoFailure.reading("reading " + quoted(file) + " failed", e).inState(NOTHING_WRITTEN);
    }
  }

  private static void requireContent(OpenFile image, int frameBytes)
      throws IOException, UpdateException {
    if (image.sizeBytes() == 0 || !SeekablePacking.fits(image.sizeBytes(), frameBytes)) {
      throw UpdateException.because(
              Reason.OPTION_INVALID, "refused to pack " + quoted(image.path()))
          .found("it has " + image.sizeBytes() + " bytes, in frames of " + frameBytes)
          .state(NOTHING_WRITTEN)
          .remedy(
              image.sizeBytes() == 0
                  ? "name a file or device that holds an image"
                  : "choose larger frames with --frame-size=")
          .configuration();
    }
  }

  private void requireFree(Path image, Path target) throws IOException, UpdateException {
    boolean there = kernel().status(target).isPresent();
    if (image.equals(target) || (there && !options().force())) {
      throw UpdateException.because(
              Reason.OUTPUT_EXISTS, "refused to write " + quoted(target) + ": it is there already")
          .state(NOTHING_WRITTEN)
          .remedy("choose another name with --output=, or use --force to replace it")
          .configuration();
    }
  }

  private SeekablePacking.Packed pack(OpenFile in, Path unfinished, int chosenLevel, int frameBytes)
      throws UpdateException {
    OpenFile out;
    try {
      out =
          kernel()
              .open(
                  unfinished,
                  EnumSet.of(
                      OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.TRUNCATE, OpenFlag.NO_FOLLOW));
    } catch (IOException e) {
      throw IoFailure.writing("writing " + quoted(unfinished) + " failed", e)
          .inState(NOTHING_WRITTEN);
    }
    try (out) {
      return SeekablePacking.run(in, out, chosenLevel, frameBytes, context().cancellation());
    } catch (UpdateException e) {
      throw discarded(unfinished, e);
    } catch (IOException e) {
      throw discarded(unfinished, IoFailure.reading("packing " + quoted(in.path()) + " failed", e));
    }
  }

  private UpdateException discarded(Path unfinished, UpdateException failure) {
    try {
      kernel().remove(unfinished);
      return failure.inState(NOTHING_WRITTEN);
    } catch (IOException e) {
      failure.addSuppressed(e);
      return failure.inState("what was written so far is in " + quoted(unfinished));
    }
  }

  // ---- Checking ----

  private ExitStatus check(Path packed, Optional<Path> image) throws UpdateException {
    try (OpenFile in = open(packed)) {
      SeekableCheck.Checked checked;
      if (image.isPresent()) {
        try (OpenFile same = open(image.get())) {
          checked = SeekableCheck.run(in, Optional.of(same), context().cancellation());
        }
      } else {
        checked = SeekableCheck.run(in, Optional.empty(), context().cancellation());
      }
      report(packed, checked);
      return ExitStatus.OK;
    } catch (UpdateException.NotTrusted e) {
      FailureReport.print(
          terminal().err(), context().programName(), e.inState("nothing was changed"));
      return ExitStatus.CONTENT_DAMAGED;
    } catch (IOException e) {
      throw IoFailure.reading("checking " + quoted(packed) + " failed", e)
          .inState("nothing was changed");
    }
  }

  // ---- Words ----

  private void report(Path file, SeekableCheck.Checked checked) throws UpdateException {
    String name = file.getFileName().toString();
    JsonMode json = options().json();
    if (json != JsonMode.OFF) {
      ObjectNode node = Json.object();
      node.put("name", name);
      node.put("sha256", checked.digest().hex());
      node.put("packedBytes", checked.packedBytes());
      node.put("bytes", checked.bytes());
      node.put("frames", checked.frames());
      node.put("frameBytes", checked.frameBytesMax());
      Json.print(terminal().out(), json, node);
      return;
    }
    // As sha256sum writes it, ready for SHA256SUMS.
    terminal().out().println(checked.digest() + "  " + name);
    if (options().legend()) {
      terminal()
          .err()
          .println(
              SizeText.bytes(checked.bytes())
                  + " in "
                  + checked.frames()
                  + " frames, packed "
                  + SizeText.bytes(checked.packedBytes()));
    }
  }

  private int frameBytes() throws UpdateException {
    long bytes =
        number(
            "--frame-size=",
            frameSize,
            SeekablePacking.FRAME_BYTES_MIN,
            SeekablePacking.FRAME_BYTES_MAX,
            SeekablePacking.FRAME_BYTES_DEFAULT);
    if (bytes % SeekablePacking.FRAME_BYTES_UNIT != 0) {
      throw invalid("--frame-size=" + bytes, "a multiple of " + SeekablePacking.FRAME_BYTES_UNIT);
    }
    return (int) bytes;
  }

  /** A number with or without K or M behind it. */
  private static long number(String option, Given given, long least, long most, long otherwise)
      throws UpdateException {
    if (given.value().isEmpty()) {
      return otherwise;
    }
    String text = given.value().get();
    String upper = text.toUpperCase(Locale.ROOT);
    long unit = upper.endsWith("M") ? KIB * KIB : upper.endsWith("K") ? KIB : 1;
    String digits = unit == 1 ? upper : upper.substring(0, upper.length() - 1);
    if (digits.matches("[0-9]{1,9}")) {
      long value = Long.parseLong(digits) * unit;
      if (value >= least && value <= most) {
        return value;
      }
    }
    throw invalid(option + text, "a number from " + least + " to " + most);
  }

  private static UpdateException invalid(String given, String expected) {
    return UpdateException.because(Reason.OPTION_INVALID, "refused the command line")
        .found(Quote.quote(given) + ", expected " + expected)
        .state(NOTHING_WRITTEN)
        .remedy("see particle-update pack --help")
        .configuration();
  }

  private static String quoted(Path path) {
    return Quote.quote(path.toString());
  }
}
