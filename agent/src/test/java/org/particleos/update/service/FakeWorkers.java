package org.particleos.update.service;

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
import java.util.concurrent.TimeUnit;

/** Workers that a test plays: each waits until it is told what to say and how to end. */
public final class FakeWorkers implements Workers {
  private static final int PIPE_BYTES = 1 << 16;

  private final BlockingQueue<Played> started = new LinkedBlockingQueue<>();
  private boolean exhausted;

  @Override
  public Worker start(List<String> arguments) throws IOException {
    if (exhausted) {
      throw new IOException("Cannot allocate memory");
    }
    var worker = new Played(arguments);
    started.add(worker);
    return worker;
  }

  /** There are no processes to be had from now on. */
  public void exhaust() {
    exhausted = true;
  }

  /** The worker that was started next; waits for it. */
  public Played next() throws InterruptedException {
    Played worker = started.poll(30, TimeUnit.SECONDS);
    if (worker == null) {
      throw new AssertionError("no worker was started");
    }
    return worker;
  }

  public boolean noneStarted() {
    return started.isEmpty();
  }

  /** One worker. Ends with status 143 when it is asked to stop, unless it is stubborn. */
  public static final class Played implements Worker {
    private final List<String> arguments;
    private final PipedOutputStream said = new PipedOutputStream();
    private final PipedInputStream output;
    private final CompletableFuture<Integer> status = new CompletableFuture<>();
    private boolean stubborn;
    private int requests;

    private Played(List<String> arguments) throws IOException {
      this.arguments = List.copyOf(arguments);
      this.output = new PipedInputStream(said, PIPE_BYTES);
    }

    public List<String> arguments() {
      return arguments;
    }

    public synchronized int terminateRequests() {
      return requests;
    }

    public Played stubborn() {
      stubborn = true;
      return this;
    }

    public Played says(String line) throws IOException {
      said.write((line.replace('\'', '"') + "\n").getBytes(StandardCharsets.UTF_8));
      said.flush();
      return this;
    }

    public void ends(int exitStatus) throws IOException {
      said.close();
      status.complete(exitStatus);
    }

    @Override
    public InputStream output() {
      return output;
    }

    /** Waits until it was asked to stop: its job may not know it before. */
    public synchronized void awaitTerminateRequest() throws InterruptedException {
      long untilNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (requests == 0) {
        long leftMillis = TimeUnit.NANOSECONDS.toMillis(untilNanos - System.nanoTime());
        if (leftMillis <= 0) {
          throw new AssertionError("nobody asked the worker to stop");
        }
        wait(leftMillis);
      }
    }

    @Override
    public synchronized void terminate() {
      requests++;
      notifyAll();
      if (!stubborn) {
        end(143);
      }
    }

    @Override
    public void kill() {
      end(137);
    }

    private void end(int exitStatus) {
      try {
        ends(exitStatus);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public int exitStatus() throws InterruptedException {
      try {
        return status.get();
      } catch (ExecutionException e) {
        throw new AssertionError(e);
      }
    }
  }
}
