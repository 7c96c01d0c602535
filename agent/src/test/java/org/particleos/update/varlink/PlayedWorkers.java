package org.particleos.update.varlink;

import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import org.particleos.update.service.Workers;

/** Workers that a test plays: each says what it is told to, and ends then or when it is stopped. */
final class PlayedWorkers implements Workers {
  private static final int PIPE_BYTES = 1 << 16;

  private final BlockingQueue<Played> started = new LinkedBlockingQueue<>();

  @Override
  public Worker start(List<String> arguments) throws IOException {
    var worker = new Played(arguments);
    started.add(worker);
    return worker;
  }

  /** The worker that was started next; waits for it. */
  Played next() throws InterruptedException {
    return started.take();
  }

  boolean noneStarted() {
    return started.isEmpty();
  }

  /** One worker. */
  static final class Played implements Worker {
    private final List<String> arguments;
    private final PipedOutputStream said = new PipedOutputStream();
    private final PipedInputStream output;
    private final CompletableFuture<Integer> status = new CompletableFuture<>();

    private Played(List<String> arguments) throws IOException {
      this.arguments = List.copyOf(arguments);
      this.output = new PipedInputStream(said, PIPE_BYTES);
    }

    /** Those of its job, without the ones that every worker gets. */
    List<String> arguments() {
      return arguments.subList(2, arguments.size());
    }

    Played says(String line) throws IOException {
      said.write((line.replace('\'', '"') + "\n").getBytes(StandardCharsets.UTF_8));
      said.flush();
      return this;
    }

    void ends(int exitStatus) throws IOException {
      said.close();
      status.complete(exitStatus);
    }

    @Override
    public InputStream output() {
      return output;
    }

    @Override
    public void terminate() {
      try {
        ends(143);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public void kill() {
      terminate();
    }

    @Override
    public int exitStatus() throws InterruptedException {
      return awaitEnd();
    }

    int awaitEnd() throws InterruptedException {
      try {
        return status.get();
      } catch (ExecutionException e) {
        throw new AssertionError(e);
      }
    }
  }
}
