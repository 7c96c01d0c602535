package org.particleos.update.assess;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A program that gets a limited time, and of whose output the end is kept. What it started is ended
 * with it when the time is over.
 */
final class BoundedProcess {
  /** A message is a line or two. */
  private static final int OUTPUT_BYTES_MAX = 4096;

  /** What a program left behind may keep its output open; nobody waits for that. */
  private static final long OUTPUT_MILLIS_MAX = 500;

  private BoundedProcess() {}

  /** How it ended, with the end of what it said. */
  sealed interface End {
    String output();

    /**
     * By itself.
     *
     * @param status as shells have it: above 128 for a signal
     */
    record Exited(int status, String output) implements End {}

    /** It was made to. */
    record TimedOut(String output) implements End {}
  }

  static End run(
      List<String> command, Map<String, String> environment, Path directory, Duration limit)
      throws IOException, InterruptedException {
    var builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.environment().putAll(environment);
    Process process = builder.start();
    var tail = new Tail(process.getInputStream());
    Thread reader = Thread.ofPlatform().daemon().name("output").start(tail);
    try {
      boolean ended = process.waitFor(Math.max(1, limit.toMillis()), TimeUnit.MILLISECONDS);
      if (!ended) {
        // Its children first: they cannot be found once it is gone.
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
      }
      reader.join(OUTPUT_MILLIS_MAX);
      return ended
          ? new End.Exited(process.exitValue(), tail.text())
          : new End.TimedOut(tail.text());
    } finally {
      process.destroyForcibly();
    }
  }

  /** Keeps the last bytes. */
  private static final class Tail implements Runnable {
    private final InputStream in;
    private final byte[] kept = new byte[OUTPUT_BYTES_MAX];
    private int length;

    Tail(InputStream in) {
      this.in = in;
    }

    @Override
    public void run() {
      var chunk = new byte[OUTPUT_BYTES_MAX];
      try {
        for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
          keep(chunk, read);
        }
      } catch (IOException _) {
        // The end of the process ends its output.
      }
    }

    private synchronized void keep(byte[] chunk, int read) {
      int stays = Math.min(length, OUTPUT_BYTES_MAX - read);
      System.arraycopy(kept, length - stays, kept, 0, stays);
      System.arraycopy(chunk, 0, kept, stays, read);
      length = stays + read;
    }

    synchronized String text() {
      return new String(kept, 0, length, StandardCharsets.UTF_8);
    }
  }
}
