package org.particleos.update.bench;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.particleos.update.demo.DemoMachine;
import org.particleos.update.demo.Publisher;
import org.particleos.update.demo.Release;

/**
 * How much of the next image a machine fetches that has the one before: for pairs of images {@code
 * NAME-old.raw} and {@code NAME-new.raw} in a folder, as {@code integration-tests/delta-images}
 * makes them.
 */
final class DeltaBenchmark {
  private static final long MIB = 1 << 20;
  private static final String OLD = "-old.raw";
  private static final String NEW = "-new.raw";
  private static final Pattern FETCHED = Pattern.compile("\"bytesTransferred\":([0-9]+)");

  /**
   * One pair of images.
   *
   * @param packedBytes of the new image as one would publish it otherwise, by {@code zstd -3}
   * @param seekableBytes of the new image as packed for delta updates
   * @param full the update with deltas switched off
   * @param delta the update as it is
   */
  record Row(
      String name,
      long oldBytes,
      long newBytes,
      long packedBytes,
      long seekableBytes,
      Update full,
      Update delta) {}

  /** One update: what came over the network for all parts of the version, and what it took. */
  record Update(long fetchedBytes, Sample.Series series) {}

  private final Path program;
  private final Path shipped;
  private final Path work;
  private final Stopwatch stopwatch;
  private final Path output;

  DeltaBenchmark(Path program, Path shipped, Path work) {
    this.program = program;
    this.shipped = shipped;
    this.work = work;
    this.output = work.resolve("output.json");
    this.stopwatch = new Stopwatch(output);
  }

  List<Row> run(Path images, int rounds) throws IOException {
    List<Row> rows = new ArrayList<>();
    List<Path> olds;
    try (Stream<Path> files = Files.list(images)) {
      olds = files.filter(file -> file.toString().endsWith(OLD)).sorted().toList();
    }
    for (Path old : olds) {
      String name = old.getFileName().toString().replace(OLD, "");
      rows.add(pair(name, old, images.resolve(name + NEW), rounds));
    }
    if (rows.isEmpty()) {
      throw new IOException("no image NAME" + OLD + " in " + images);
    }
    return rows;
  }

  private Row pair(String name, Path old, Path fresh, int rounds) throws IOException {
    System.err.println("Publishing " + name + " …");
    Path folder = Files.createDirectories(work.resolve(name));
    Path web = Files.createDirectories(folder.resolve("web"));
    Release first = Release.of(Files.createDirectories(folder.resolve("1")), "1", old);
    Release second = Release.of(Files.createDirectories(folder.resolve("2")), "2", fresh);
    Path plain = folder.resolve("plain.zst");
    stopwatch.measureSilently(
        List.of("zstd", "-q", "-3", fresh.toString(), "-o", plain.toString()));
    long[] seekable = new long[1];
    Path keyring = folder.resolve("keyring");
    try (var publisher = new Publisher(web, DemoMachine.architecture())) {
      publisher.addTo(
          web,
          second,
          (payload, target) -> {
            stopwatch.measureSilently(
                List.of(program.toString(), "pack", payload.toString(), "--output=" + target));
            seekable[0] = Files.size(target);
          });
      publisher.sign();
      publisher.exportKeyring(keyring);
    }
    long slotBytes = (Math.max(Files.size(old), Files.size(fresh)) / MIB + 1) * MIB;
    try (var server = new ServerProcess(web)) {
      var full = new ArrayList<Sample>();
      var delta = new ArrayList<Sample>();
      long[] fetched = new long[2];
      for (int round = 0; round <= rounds; round++) {
        for (boolean whole : List.of(true, false)) {
          System.err.printf("Updating %s, round %d of %d …%n", name, round, rounds);
          Path place = Files.createDirectories(folder.resolve("machine-" + round + whole));
          var machine = new DemoMachine(place);
          machine.install(first, slotBytes);
          Files.copy(keyring, machine.keyring());
          Sample sample = update(machine, server.uri(""), whole);
          fetched[whole ? 0 : 1] = fetchedBytes();
          if (round > 0) {
            (whole ? full : delta).add(sample);
          }
          Files.delete(machine.disk());
        }
      }
      return new Row(
          name,
          Files.size(old),
          Files.size(fresh),
          Files.size(plain),
          seekable[0],
          new Update(fetched[0], new Sample.Series(full)),
          new Update(fetched[1], new Sample.Series(delta)));
    }
  }

  private Sample update(DemoMachine machine, URI server, boolean whole) throws IOException {
    machine.configure(shipped, server);
    var environment = new HashMap<>(machine.environment());
    Path configuration =
        Files.writeString(
            work.resolve("particle-update.conf"), whole ? "[Download]\nDelta=no\n" : "");
    environment.put("PARTICLE_UPDATE_CONFIGURATION", configuration.toString());
    stopwatch.measureSilently(List.of("sync", "-f", work.toString()));
    return stopwatch.measure(
        List.of(
            program.toString(), "apply", "--json=short", "--definitions=" + machine.definitions()),
        Map.copyOf(environment),
        0);
  }

  private long fetchedBytes() throws IOException {
    Matcher matcher = FETCHED.matcher(Files.readString(output));
    if (!matcher.find()) {
      throw new IOException("apply did not say how much it fetched:\n" + Files.readString(output));
    }
    return Long.parseLong(matcher.group(1));
  }
}
