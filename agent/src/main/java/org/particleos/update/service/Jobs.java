package org.particleos.update.service;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * The job table: starts workers, hears what they say, and keeps two from changing one target at the
 * same time (dbus-varlink.md 7). Safe for use by several threads.
 */
public final class Jobs {
  /** Jobs that run or wait. A desktop asks for as many descriptions as there are versions. */
  static final int JOBS_MAX = 64;

  /**
   * Workers at a time: each is a virtual machine of some 100 MiB. What changes a target never
   * waits.
   */
  static final int READERS_MAX = 2;

  /** A line of a worker: the list of all versions of a manifest of 30,000 lines fits. */
  static final int LINE_BYTES_MAX = 4 << 20;

  /** Watches the table. Must return soon. */
  public interface Observer {
    default void started(Job job) {}

    /** It is in the table no more. */
    default void removed(Job job, JobEnd end) {}

    /** Nothing is left to do. */
    default void idle() {}
  }

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Workers workers;
  private final Semaphore readers = new Semaphore(READERS_MAX, true);
  private final List<Observer> observers = new CopyOnWriteArrayList<>();
  private final Map<Long, Job> table = new HashMap<>();
  private long lastId;
  private boolean stopping;

  public Jobs(Workers workers) {
    this.workers = workers;
  }

  public void watch(Observer observer) {
    observers.add(observer);
  }

  /** Those that run or wait. */
  public List<Job> all() {
    synchronized (table) {
      return List.copyOf(table.values());
    }
  }

  public Optional<Job> find(long id) {
    synchronized (table) {
      return Optional.ofNullable(table.get(id));
    }
  }

  /**
   * Starts a job.
   *
   * @param observer told of everything from the first line on
   * @throws UpdateException.Busy if another job changes the target, or there are too many jobs
   */
  public Job start(JobRequest request, Job.Observer observer) throws UpdateException {
    Job job;
    synchronized (table) {
      if (stopping || table.size() >= JOBS_MAX) {
        throw UpdateException.because(
                Reason.TOO_MANY_JOBS,
                stopping
                    ? "refused the job: the daemon is stopping"
                    : "refused the job: " + table.size() + " others are under way")
            .state("nothing was changed")
            .remedy("try again later")
            .busy();
      }
      Optional<Job> other =
          request.type().exclusive() ? changing(request.target()) : Optional.empty();
      if (other.isPresent()) {
        throw UpdateException.because(
                Reason.LOCK_HELD,
                "refused the job: another one is changing target " + request.target().id())
            .found("job " + other.get().id() + " (" + other.get().request().type().text() + ")")
            .state("nothing was changed")
            .remedy("wait until it is done, or cancel it")
            .busy();
      }
      job = new Job(++lastId, request);
      table.put(job.id(), job);
    }
    job.watch(observer);
    observers.forEach(each -> each.started(job));
    Thread.ofVirtual().name("job " + job.id()).start(() -> run(job));
    return job;
  }

  private Optional<Job> changing(ServedTarget target) {
    return table.values().stream()
        .filter(job -> job.request().type().exclusive())
        .filter(job -> job.request().target().id().equals(target.id()))
        .findFirst();
  }

  private void run(Job job) {
    JobEnd end;
    boolean reader = !job.request().type().exclusive();
    try {
      if (reader) {
        readers.acquire();
      }
      try {
        end = job.cancelled() ? new JobEnd.Died(0, true) : work(job);
      } finally {
        if (reader) {
          readers.release();
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      end = new JobEnd.Died(0, true);
    }
    boolean empty;
    synchronized (table) {
      table.remove(job.id());
      empty = table.isEmpty();
      table.notifyAll();
    }
    JobEnd how = end;
    // In this order: who hears that a job is gone may start the next one.
    observers.forEach(observer -> observer.removed(job, how));
    job.end(how);
    if (empty) {
      observers.forEach(Observer::idle);
    }
  }

  private JobEnd work(Job job) throws InterruptedException {
    Workers.Worker worker;
    try {
      worker = workers.start(job.request().arguments());
    } catch (IOException failed) {
      return new JobEnd.Failed(
          new RunFailure(
              1,
              UpdateException.Kind.WRITE_FAILED,
              Reason.WORKER_FAILED,
              "failed to start a worker",
              Optional.of(String.valueOf(failed.getMessage())),
              Optional.of("nothing was changed"),
              "see whether memory or processes are exhausted, and try again"));
    }
    job.running(worker);
    Heard heard = listen(job, worker);
    int status = worker.exitStatus();
    if (heard.failure().isPresent()) {
      return job.cancelled() && heard.failure().get().reason() == Reason.INTERRUPTED
          ? new JobEnd.Died(status, true)
          : new JobEnd.Failed(heard.failure().get());
    }
    // A "no" is an answer as well: what was printed decides.
    if (status == 0 || !heard.result().isMissingNode()) {
      return new JobEnd.Done(status, heard.result());
    }
    return new JobEnd.Died(status, job.cancelled());
  }

  /** What was said last of each kind. */
  private record Heard(JsonNode result, Optional<RunFailure> failure) {}

  private static Heard listen(Job job, Workers.Worker worker) {
    JsonNode result = MissingNode.getInstance();
    Optional<RunFailure> failure = Optional.empty();
    try (InputStream output = worker.output()) {
      var lines = new BoundedLines(output, LINE_BYTES_MAX);
      for (Optional<byte[]> next = lines.next(); next.isPresent(); next = lines.next()) {
        JsonNode line = parse(next.get());
        if (!line.isObject()) {
          continue; // whatever it is, it is not ours
        }
        String event = line.path("event").asText();
        if (event.isEmpty() || event.equals("ended")) {
          result = line;
        }
        if (failure.isEmpty()) {
          failure = RunFailure.of(line);
        }
        if (!event.isEmpty()) {
          job.said(line);
        }
      }
    } catch (IOException _) {
      // The worker has closed its end or said too much at once; its exit status tells the rest.
      worker.terminate();
    }
    return new Heard(result, failure);
  }

  private static JsonNode parse(byte[] line) {
    try {
      return JSON.readTree(new String(line, StandardCharsets.UTF_8));
    } catch (JsonProcessingException _) {
      return MissingNode.getInstance();
    }
  }

  /**
   * Cancels what runs, takes nothing new, and waits for the end of all of it.
   *
   * @return whether all are gone
   */
  public boolean stop(Duration patience) throws InterruptedException {
    List<Job> left;
    synchronized (table) {
      stopping = true;
      left = new ArrayList<>(table.values());
    }
    left.forEach(Job::cancel);
    long deadline = System.nanoTime() + patience.toNanos();
    synchronized (table) {
      while (!table.isEmpty()) {
        long nanos = deadline - System.nanoTime();
        if (nanos <= 0) {
          return false;
        }
        TimeUnit.NANOSECONDS.timedWait(table, nanos);
      }
      return true;
    }
  }
}
