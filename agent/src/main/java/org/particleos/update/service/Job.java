package org.particleos.update.service;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * One run of a worker, from its start to its end (dbus-varlink.md 7). Safe for use by several
 * threads; observers are called by one thread, in order.
 */
public final class Job {
  /** From this many requests on a worker is not asked any more (dbus-varlink.md 6). */
  private static final int TERMINATE_REQUESTS_MAX = 3;

  /** Watches one job. Must return soon: the worker's output waits meanwhile. */
  public interface Observer {
    /** Something was said: a line with an {@code event}. */
    default void said(Job job, JsonNode line) {}

    /** Progress or version are new. */
    default void changed(Job job) {}

    default void ended(Job job, JobEnd end) {}
  }

  private final long id;
  private final JobRequest request;
  private final CompletableFuture<String> ready = new CompletableFuture<>();
  private final CompletableFuture<JobEnd> end = new CompletableFuture<>();
  private final List<Observer> observers = new CopyOnWriteArrayList<>();
  private volatile int percent;
  private volatile Optional<String> version = Optional.empty();
  private int cancelRequests;
  private Workers.@Nullable Worker worker;

  Job(long id, JobRequest request) {
    this.id = id;
    this.request = request;
  }

  /** Counts from 1 for the daemon's lifetime. */
  public long id() {
    return id;
  }

  public JobRequest request() {
    return request;
  }

  /** 0 to 100. Deviation: P-12, installing shows progress as well where it downloads. */
  public int percent() {
    return percent;
  }

  /** The version that is brought in, as soon as it is decided. */
  public Optional<String> version() {
    return version;
  }

  /**
   * The version, as soon as the work on it begins; completes exceptionally never, and not at all if
   * the job ends before: wait for either with {@link #readyOrEnded}.
   */
  CompletableFuture<String> ready() {
    return ready;
  }

  /** The end, once it came. */
  public CompletableFuture<JobEnd> end() {
    return end.copy();
  }

  /** Waits until the work begins (then there is a {@link #version}) or is over. */
  public void readyOrEnded() throws InterruptedException {
    try {
      CompletableFuture.anyOf(ready, end).get();
    } catch (java.util.concurrent.ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  public boolean isReady() {
    return ready.isDone();
  }

  /** Told from now on; an end that came already is told at once. */
  public void watch(Observer observer) {
    synchronized (observers) {
      observers.add(observer);
    }
    JobEnd already = end.getNow(null);
    if (already != null) {
      tellEnd(observer, already);
    }
  }

  private void tellEnd(Observer observer, JobEnd how) {
    boolean mine;
    synchronized (observers) {
      mine = observers.remove(observer);
    }
    if (mine) {
      observer.ended(this, how);
    }
  }

  /** Asks the worker to stop, from the fourth request on more firmly. */
  public void cancel() {
    synchronized (this) {
      cancelRequests++;
      if (worker != null) {
        stop(worker);
      }
    }
  }

  private void stop(Workers.Worker running) {
    if (cancelRequests > TERMINATE_REQUESTS_MAX) {
      running.kill();
    } else {
      running.terminate();
    }
  }

  public synchronized boolean cancelled() {
    return cancelRequests > 0;
  }

  /** Its worker runs. Stops it at once if that was asked for meanwhile. */
  synchronized void running(Workers.Worker started) {
    worker = started;
    if (cancelRequests > 0) {
      stop(started);
    }
  }

  /** The worker said something with an {@code event}. */
  void said(JsonNode line) {
    switch (line.path("event").asText()) {
      case "making-room", "already-acquired", "install-started" -> ready(line);
      case "progress", "transfer-finished" -> progress(line.path("all"));
      default -> {}
    }
    observers.forEach(observer -> observer.said(this, line));
  }

  private void ready(JsonNode line) {
    String text = line.path("version").asText();
    version = Optional.of(text);
    ready.complete(text);
    observers.forEach(observer -> observer.changed(this));
  }

  private void progress(JsonNode all) {
    long total = all.path("total").asLong(0);
    long done = all.path("fetched").asLong(0) + all.path("reused").asLong(0);
    if (total > 0) {
      int now = (int) Math.clamp(done * 100.0 / total, 0, 100);
      if (now != percent) {
        percent = now;
        observers.forEach(observer -> observer.changed(this));
      }
    }
  }

  void end(JobEnd how) {
    synchronized (this) {
      worker = null;
    }
    end.complete(how);
    List.copyOf(observers).forEach(observer -> tellEnd(observer, how));
  }
}
