package org.particleos.update.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What the user asked for.
 *
 * @param data where images are kept, and where the work is done
 * @param rounds how often each installation is measured
 * @param answers how often each short command is measured
 * @param images pairs of images; measure delta updates between them and nothing else
 * @param reference root of a system with {@code systemd-sysupdate}, which is measured too
 * @param parts what is measured, in parts, since all of it takes longer than an hour
 * @param formats as what the image is offered
 */
record BenchmarkOptions(
    Path data,
    int imageMebibytes,
    int rounds,
    int answers,
    Optional<Path> images,
    Optional<Path> reference,
    Set<Part> parts,
    Set<Payload.Format> formats) {
  /** What can be measured alone. */
  enum Part {
    INSTALL,
    SPOOL,
    RESUME,
    LIMITS,
    ANSWERS
  }

  static final String USAGE =
      """
      usage: integration-tests/benchmark [OPTION…]
        --data=DIR    keep images and work there (default: benchmark-data); needs four times the
                      size of the image
        --image=MIB   size of the image (default: 1536)
        --rounds=N    installations of each kind (default: 5), after one that does not count
        --delta=DIR   measure delta updates between the pairs of images there instead (see
                      integration-tests/delta-images)
        --reference=DIR  measure systemd-sysupdate of the system below DIR as well (root only); made
                      with: mmdebstrap --include=systemd-container,libfdisk1,libcurl4t64 forky DIR
        --parts=LIST  some of install,spool,resume,limits,answers (default: all)
        --formats=LIST  some of raw,zstd,xz,gzip (default: all)
        --smoke       a small image and one round, to see that everything works
        --dist=DIR    measure the program there, such as the packaged one with its own runtime
        --inner       measure the inner loops instead (JMH); takes --smoke too
      """;

  private static final int ANSWERS = 15;
  private static final int ANSWERS_SMOKE = 3;

  /** Nobody waits for more. */
  private static final int ROUNDS_MAX = 100;

  /** 64 GiB: more than any image has. */
  private static final int IMAGE_MIB_MAX = 64 << 10;

  /** Answers need no image, whose packing takes minutes. */
  boolean needsImages() {
    return !parts.equals(Set.of(Part.ANSWERS));
  }

  /**
   * @throws IllegalArgumentException says what is wrong
   */
  static BenchmarkOptions parse(String... words) {
    var options =
        new BenchmarkOptions(
            Path.of("benchmark-data"),
            1536,
            5,
            ANSWERS,
            Optional.empty(),
            Optional.empty(),
            EnumSet.allOf(Part.class),
            EnumSet.allOf(Payload.Format.class));
    for (String word : words) {
      int equals = word.indexOf('=');
      String name = equals < 0 ? word : word.substring(0, equals);
      String value = equals < 0 ? "" : word.substring(equals + 1);
      options =
          switch (name) {
            case "--data" -> options.withData(Path.of(value));
            case "--image" -> options.withImage(number(word, value, IMAGE_MIB_MAX));
            case "--rounds" -> options.withRounds(number(word, value, ROUNDS_MAX));
            case "--delta" -> options.withImages(Path.of(value));
            case "--reference" -> options.withReference(Path.of(value));
            case "--smoke" ->
                new BenchmarkOptions(
                    options.data,
                    64,
                    1,
                    ANSWERS_SMOKE,
                    options.images,
                    options.reference,
                    options.parts,
                    options.formats);
            case "--parts" -> options.withParts(some(word, value, Part.class));
            case "--formats" -> options.withFormats(some(word, value, Payload.Format.class));
            default -> throw new IllegalArgumentException("unknown option: " + word);
          };
    }
    return options;
  }

  private BenchmarkOptions withData(Path other) {
    return new BenchmarkOptions(
        other, imageMebibytes, rounds, answers, images, reference, parts, formats);
  }

  private BenchmarkOptions withImage(int mebibytes) {
    return new BenchmarkOptions(
        data, mebibytes, rounds, answers, images, reference, parts, formats);
  }

  private BenchmarkOptions withRounds(int other) {
    return new BenchmarkOptions(
        data, imageMebibytes, other, answers, images, reference, parts, formats);
  }

  private BenchmarkOptions withImages(Path folder) {
    return new BenchmarkOptions(
        data, imageMebibytes, rounds, answers, Optional.of(folder), reference, parts, formats);
  }

  private BenchmarkOptions withReference(Path root) {
    return new BenchmarkOptions(
        data, imageMebibytes, rounds, answers, images, Optional.of(root), parts, formats);
  }

  private BenchmarkOptions withParts(Set<Part> other) {
    return new BenchmarkOptions(
        data, imageMebibytes, rounds, answers, images, reference, other, formats);
  }

  private BenchmarkOptions withFormats(Set<Payload.Format> other) {
    return new BenchmarkOptions(
        data, imageMebibytes, rounds, answers, images, reference, parts, other);
  }

  private static <E extends Enum<E>> Set<E> some(String word, String list, Class<E> type) {
    var chosen = EnumSet.noneOf(type);
    for (String name : list.split(",", -1)) {
      chosen.add(
          Arrays.stream(type.getEnumConstants())
              .filter(one -> one.name().toLowerCase(Locale.ROOT).equals(name))
              .findFirst()
              .orElseThrow(() -> new IllegalArgumentException(word + ": unknown: " + name)));
    }
    return chosen;
  }

  private static int number(String word, String value, int max) {
    if (!value.matches("[0-9]{1,6}") || Integer.parseInt(value) > max || value.matches("0+")) {
      throw new IllegalArgumentException(word + ": expected a number from 1 to " + max);
    }
    return Integer.parseInt(value);
  }
}
