package org.particleos.update.bench.inner;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.InvalidPatternException;
import org.particleos.update.pattern.MatchPattern;
import org.particleos.update.pattern.PatternList;
import org.particleos.update.trust.Manifest;

/** Per line of a manifest with 10 000 lines: reading it, and finding what a transfer looks for. */
@State(Scope.Thread)
public class ManifestBenchmark {
  private static final int LINES = 10_000;

  private final byte[] bytes = manifest();
  private Manifest manifest;
  private PatternList patterns;

  @Setup
  public void prepare() throws UpdateException, InvalidPatternException {
    manifest = Manifest.parse(bytes, "benchmark");
    patterns =
        new PatternList(
            List.of(
                MatchPattern.parse("ParticleOS_@v_x86-64.usr-x86-64.@u.raw.zst", false),
                MatchPattern.parse("ParticleOS_@v_x86-64.usr-x86-64.@u.raw", false)));
  }

  /** A quarter of the lines matches. */
  private static byte[] manifest() {
    var random = new SplittableRandom(2);
    var text = new StringBuilder();
    byte[] digest = new byte[32];
    byte[] uuid = new byte[16];
    var parts = List.of("usr-x86-64", "usr-x86-64-verity", "usr-x86-64-verity-sig", "efi");
    for (int line = 0; line < LINES; line++) {
      random.nextBytes(digest);
      random.nextBytes(uuid);
      text.append(HexFormat.of().formatHex(digest))
          .append(" *ParticleOS_47.")
          .append(line / parts.size())
          .append("_x86-64.")
          .append(parts.get(line % parts.size()))
          .append('.')
          .append(HexFormat.of().formatHex(uuid))
          .append(".raw.zst\n");
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  @Benchmark
  @OperationsPerInvocation(LINES)
  public Manifest parseALine() throws UpdateException {
    return Manifest.parse(bytes, "benchmark");
  }

  @Benchmark
  @OperationsPerInvocation(LINES)
  public int matchALine() {
    int matches = 0;
    for (Manifest.Entry entry : manifest.entries()) {
      if (patterns.match(entry.name()).match().isPresent()) {
        matches++;
      }
    }
    return matches;
  }
}
