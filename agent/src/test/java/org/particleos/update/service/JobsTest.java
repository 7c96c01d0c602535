package org.particleos.update.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

class JobsTest {
  private static final ServedTarget HOST =
      new ServedTarget(TargetId.HOST, "sysupdate.d", new ServedTarget.Place.Host());
  private static final ServedTarget SHIM =
      new ServedTarget(
          TargetId.component("shim"),
          "sysupdate.shim.d",
          new ServedTarget.Place.OfComponent("shim"));
  private static final Job.Observer NOBODY = new Job.Observer() {};

  private final FakeWorkers workers = new FakeWorkers();
  private final Jobs jobs = new Jobs(workers);

  private Job start(JobType type) throws UpdateException {
    return jobs.start(JobRequest.of(type, HOST), NOBODY);
  }

  private static JobEnd end(Job job) throws Exception {
    return job.end().get(30, TimeUnit.SECONDS);
  }

  @Test
  void theResultIsTheLastDocumentThatIsNoEvent() throws Exception {
    Job job = start(JobType.CHECK);

    workers
        .next()
        .says("{'event':'notice','text':'x'}")
        .says("not JSON at all")
        .says("{'available':'7'}")
        .ends(0);

    var done = assertInstanceOf(JobEnd.Done.class, end(job));
    assertEquals("7", done.result().path("available").asText());
    assertEquals(List.of(), jobs.all());
  }

  @Test
  void aNoIsAnAnswer() throws Exception {
    Job job = start(JobType.CHECK_NEW);

    workers.next().says("{'available':null}").ends(1);

    var done = assertInstanceOf(JobEnd.Done.class, end(job));
    assertEquals(1, done.exitStatus());
    assertTrue(done.result().path("available").isNull());
  }

  @Test
  void whatTheWorkerRefusedIsToldInItsOwnWords() throws Exception {
    Job job = start(JobType.ACQUIRE);

    workers
        .next()
        .says(
            "{'event':'failed','exitStatus':5,'kind':'NOT_TRUSTED','reason':'DIGEST_MISMATCH',"
                + "'message':'refused it','found':'other','state':null,'remedy':'try again'}")
        .ends(5);

    var failed = assertInstanceOf(JobEnd.Failed.class, end(job));
    UpdateException told = failed.failure().toException();
    assertInstanceOf(UpdateException.NotTrusted.class, told);
    assertEquals(Reason.DIGEST_MISMATCH, told.reason());
    assertEquals(Optional.of("other"), told.found());
    assertEquals(Optional.empty(), told.state());
    assertEquals("try again", told.remedy());
  }

  @Test
  void aWorkerThatDiesSilentlyIsNoSuccess() throws Exception {
    Job job = start(JobType.ACQUIRE);

    workers.next().ends(139);

    assertEquals(new JobEnd.Died(139, false), end(job));
  }

  @Test
  void withoutProcessesAJobFailsAndTheNextMayTry() throws Exception {
    workers.exhaust();

    var failed = assertInstanceOf(JobEnd.Failed.class, end(start(JobType.APPLY)));

    assertEquals(Reason.WORKER_FAILED, failed.failure().reason());
    assertInstanceOf(JobEnd.Failed.class, end(start(JobType.APPLY)));
  }

  @Test
  void aJobIsReadyWhenItIsDecidedWhichVersionItBrings() throws Exception {
    Job job = start(JobType.ACQUIRE);
    FakeWorkers.Played worker = workers.next();
    assertFalse(job.isReady());

    worker.says("{'event':'making-room','version':'7'}");

    job.readyOrEnded();
    assertTrue(job.isReady());
    assertEquals(Optional.of("7"), job.version());
    worker.ends(0);
  }

  @Test
  void aJobThatEndsBeforeItIsReadyDoesNotLetItsCallerWait() throws Exception {
    Job job = start(JobType.ACQUIRE);

    workers.next().says("{'event':'ended','outcome':'no-update','version':null}").ends(0);

    job.readyOrEnded();
    assertFalse(job.isReady());
    var done = assertInstanceOf(JobEnd.Done.class, end(job));
    assertEquals("no-update", done.result().path("outcome").asText());
  }

  @Test
  void progressIsThatOfAllPartsTogether() throws Exception {
    List<Integer> seen = Collections.synchronizedList(new ArrayList<>());
    var observer =
        new Job.Observer() {
          @Override
          public void changed(Job job) {
            seen.add(job.percent());
          }
        };
    Job job = jobs.start(JobRequest.of(JobType.ACQUIRE, HOST), observer);

    workers
        .next()
        .says("{'event':'progress','all':{'fetched':10,'reused':15,'total':100}}")
        .says("{'event':'progress','all':{'fetched':10,'reused':15,'total':100}}")
        .says("{'event':'progress','all':{'fetched':10,'reused':15,'total':null}}")
        .says("{'event':'transfer-finished','all':{'fetched':185,'reused':15,'total':100}}")
        .ends(0);

    end(job);
    assertEquals(List.of(25, 100), seen);
  }

  @Test
  void onlyOneJobChangesATarget() throws Exception {
    Job first = start(JobType.ACQUIRE);
    FakeWorkers.Played worker = workers.next();

    for (JobType type : List.of(JobType.ACQUIRE, JobType.INSTALL, JobType.VACUUM, JobType.APPLY)) {
      var refused = assertThrows(UpdateException.Busy.class, () -> start(type));
      assertEquals(Reason.LOCK_HELD, refused.reason());
    }

    Job reading = start(JobType.LIST);
    Job other = jobs.start(JobRequest.of(JobType.ACQUIRE, SHIM), NOBODY);
    worker.ends(0);
    end(first);
    Job next = start(JobType.INSTALL);
    for (int i = 0; i < 3; i++) {
      workers.next().ends(0);
    }
    assertEquals(List.of(2L, 3L, 4L), List.of(reading.id(), other.id(), next.id()));
  }

  @Test
  void whatReadsWaitsForItsTurnAndWhatChangesDoesNot() throws Exception {
    List<Job> readers = new ArrayList<>();
    for (int i = 0; i < Jobs.READERS_MAX + 1; i++) {
      readers.add(start(JobType.LIST));
    }
    FakeWorkers.Played first = workers.next();
    FakeWorkers.Played second = workers.next();

    Job changing = start(JobType.ACQUIRE);
    FakeWorkers.Played third = workers.next();

    assertEquals("acquire", third.arguments().getLast());
    assertTrue(workers.noneStarted());
    first.ends(0);
    assertEquals("list", workers.next().arguments().getLast());
    second.ends(0);
    third.ends(0);
    end(changing);
    readers.forEach(Job::cancel);
    for (Job reader : readers) {
      end(reader);
    }
  }

  @Test
  void aFloodIsRefusedAndTheTableRecovers() throws Exception {
    List<Job> started = new ArrayList<>();
    for (int i = 0; i < Jobs.JOBS_MAX; i++) {
      started.add(start(JobType.LIST));
    }

    var refused = assertThrows(UpdateException.Busy.class, () -> start(JobType.LIST));

    assertEquals(Reason.TOO_MANY_JOBS, refused.reason());
    started.forEach(Job::cancel);
    for (Job job : started) {
      assertInstanceOf(JobEnd.Died.class, end(job));
    }
    Job again = start(JobType.LIST);
    again.cancel();
    end(again);
  }

  @Test
  void cancellingAsksThreeTimesAndThenInsists() throws Exception {
    Job job = start(JobType.ACQUIRE);
    FakeWorkers.Played worker = workers.next().stubborn();
    worker.says("{'event':'making-room','version':'7'}");
    job.readyOrEnded();

    job.cancel();
    job.cancel();
    job.cancel();
    assertEquals(3, worker.terminateRequests());
    assertFalse(job.end().isDone());
    job.cancel();

    assertEquals(new JobEnd.Died(137, true), end(job));
    job.cancel(); // harmless
  }

  @Test
  void aWorkerThatReportsItsInterruptionWasCancelled() throws Exception {
    Job job = start(JobType.ACQUIRE);
    FakeWorkers.Played worker = workers.next().stubborn();
    job.cancel();

    worker
        .says(
            "{'event':'failed','exitStatus':130,'kind':'INTERRUPTED','reason':'INTERRUPTED',"
                + "'message':'interrupted','remedy':''}")
        .ends(130);

    assertEquals(new JobEnd.Died(130, true), end(job));
  }

  @Test
  void whoWatchesLateHearsOfTheEndOnce() throws Exception {
    Job job = start(JobType.LIST);
    workers.next().says("{'all':[]}").ends(0);
    end(job);
    List<JobEnd> heard = new ArrayList<>();

    job.watch(
        new Job.Observer() {
          @Override
          public void ended(Job ended, JobEnd how) {
            heard.add(how);
          }
        });

    assertEquals(1, heard.size());
  }

  @Test
  void theTableIsToldOfTheEndBeforeTheJobsOwnObservers() throws Exception {
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    var done = new CountDownLatch(1);
    jobs.watch(
        new Jobs.Observer() {
          @Override
          public void started(Job job) {
            order.add("started");
          }

          @Override
          public void removed(Job job, JobEnd end) {
            order.add("removed, left " + jobs.all().size());
          }

          @Override
          public void idle() {
            order.add("idle");
            done.countDown();
          }
        });

    jobs.start(
        JobRequest.of(JobType.LIST, HOST),
        new Job.Observer() {
          @Override
          public void said(Job job, JsonNode line) {
            order.add("said");
          }

          @Override
          public void ended(Job job, JobEnd end) {
            order.add("ended");
          }
        });
    workers.next().says("{'event':'notice','text':'x'}").ends(0);

    assertTrue(done.await(30, TimeUnit.SECONDS));
    assertEquals(List.of("started", "said", "removed, left 0", "ended", "idle"), order);
  }

  @Test
  void stoppingCancelsAllAndTakesNothingNew() throws Exception {
    Job polite = start(JobType.LIST);
    Job stubborn = start(JobType.ACQUIRE);
    FakeWorkers.Played one = workers.next();
    FakeWorkers.Played other = workers.next();
    FakeWorkers.Played holdsOut = one.arguments().contains("acquire") ? one : other;
    holdsOut.stubborn();

    assertFalse(jobs.stop(Duration.ZERO));

    assertEquals(new JobEnd.Died(143, true), end(polite));
    assertThrows(UpdateException.Busy.class, () -> start(JobType.LIST));
    holdsOut.ends(143);
    end(stubborn);
    assertTrue(jobs.stop(Duration.ofSeconds(30)));
  }

  @Test
  void aLineWithoutEndStopsTheWorkerAndNotTheDaemon() throws Exception {
    Job job = start(JobType.LIST);
    FakeWorkers.Played worker = workers.next();
    var writer =
        Thread.ofVirtual()
            .start(() -> {
              try {
                worker.says("x".repeat(Jobs.LINE_BYTES_MAX + 1));
              } catch (java.io.IOException expected) {
                // The reader has gone.
              }
            });

    assertInstanceOf(JobEnd.Died.class, end(job));
    assertTrue(worker.terminateRequests() > 0);
    writer.join();
  }
}
