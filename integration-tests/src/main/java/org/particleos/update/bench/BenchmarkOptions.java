package org.particleos.update.bench;

import java.nio.file.Path;

/**
 * What the user asked for.
 *
 * @param data where images are kept, and where the work is done
 * @param rounds how often each installation is measured
 * @param answers how often each short command is measured
 */
record BenchmarkOptions(Path data, int imageMebibytes, int rounds, int answers) {
  static final String USAGE =
      """
      usage: integration-tests/benchmark [OPTION…]
        --data=DIR    keep images and work there (default: benchmark-data); needs four times the
                      size of the image
        --image=MIB   size of the image (default: 1536)
        --rounds=N    installations of each kind (default: 5), after one that does not count
        --smoke       a small image and one round, to see that everything works
        --inner       measure the inner loops instead (JMH); takes --smoke too
      """;

  private static final int ANSWERS = 15;
  private static final int ANSWERS_SMOKE = 3;

  /** Nobody waits for more. */
  private static final int ROUNDS_MAX = 100;

  /** 64 GiB: more than any image has. */
  private static final int IMAGE_MIB_MAX = 64 << 10;

  /**
   * @throws IllegalArgumentException says what is wrong
   */
  static BenchmarkOptions parse(String... words) {
    var options = new BenchmarkOptions(Path.of("benchmark-data"), 1536, 5, ANSWERS);
    for (String word : words) {
      int equals = word.indexOf('=');
      String name = equals < 0 ? word : word.substring(0, equals);
      String value = equals < 0 ? "" : word.substring(equals + 1);
      options =
          switch (name) {
            case "--data" ->
                new BenchmarkOptions(
                    Path.of(value), options.imageMebibytes, options.rounds, options.answers);
            case "--image" ->
                new BenchmarkOptions(
                    options.data,
                    number(word, value, IMAGE_MIB_MAX),
                    options.rounds,
                    options.answers);
            case "--rounds" ->
                new BenchmarkOptions(
                    options.data,
                    options.imageMebibytes,
                    number(word, value, ROUNDS_MAX),
                    options.answers);
            case "--smoke" -> new BenchmarkOptions(options.data, 64, 1, ANSWERS_SMOKE);
            default -> throw new IllegalArgumentException("unknown option: " + word);
          };
    }
    return options;
  }

  private static int number(String word, String value, int max) {
    if (!value.matches("[0-9]{1,6}") || Integer.parseInt(value) > max || value.matches("0+")) {
      throw new IllegalArgumentException(word + ": expected a number from 1 to " + max);
    }
    return Integer.parseInt(value);
  }
}
