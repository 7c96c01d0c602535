package org.particleos.update.varlink;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.service.Job;
import org.particleos.update.service.JobEnd;
import org.particleos.update.service.JobRequest;
import org.particleos.update.service.JobType;
import org.particleos.update.service.Jobs;
import org.particleos.update.service.RunFailure;
import org.particleos.update.service.ServedTarget;
import org.particleos.update.service.TargetId;
import org.particleos.update.version.Version;

/**
 * What {@code io.systemd.SysUpdate} lacks, {@code org.particleos.Update1}: acquiring, installing
 * and removing, with progress. A job goes on when its client goes away.
 */
final class Update1 {
  static final String NAME = "org.particleos.Update1";

  private static final String VERSION = "version";
  private static final String JOB = "job";
  private static final Set<String> PARAMETERS =
      Set.of(TargetIdentifier.PARAMETER, Permission.INTERACTIVE);
  private static final Set<String> PARAMETERS_WITH_VERSION =
      Set.of(TargetIdentifier.PARAMETER, Permission.INTERACTIVE, VERSION);

  private final FreshTargets targets;
  private final Jobs jobs;
  private final Permission permission;
  private final Supplier<Map<String, String>> failedVersions;

  private Update1(
      FreshTargets targets,
      Jobs jobs,
      Permission permission,
      Supplier<Map<String, String>> failedVersions) {
    this.failedVersions = failedVersions;
    this.targets = targets;
    this.jobs = jobs;
    this.permission = permission;
  }

  /**
   * @param failedVersions what the daemon knows of versions that did not come up
   */
  static VarlinkInterface of(
      FreshTargets targets,
      Jobs jobs,
      Permission permission,
      Supplier<Map<String, String>> failedVersions) {
    var methods = new Update1(targets, jobs, permission, failedVersions);
    return VarlinkInterface.described(
        NAME,
        Map.of(
            "Acquire",
            exchange -> methods.bringIn(exchange, JobType.ACQUIRE),
            "Install",
            exchange -> methods.bringIn(exchange, JobType.INSTALL),
            "Vacuum",
            methods::vacuum,
            "Cancel",
            methods::cancel,
            "FailedVersions",
            methods::failed));
  }

  private ObjectNode bringIn(Exchange exchange, JobType type)
      throws CallException, InterruptedException {
    if (!exchange.call().more()) {
      // Who waits for a single reply gives up long before there is one.
      throw CallException.expectedMore();
    }
    var parameters = Parameters.of(exchange.call(), PARAMETERS_WITH_VERSION);
    TargetId id = TargetIdentifier.read(parameters);
    Optional<String> version = parameters.optionalText(VERSION);
    if (version.isPresent() && !Version.isValid(version.get())) {
      throw CallException.invalidParameter(VERSION);
    }
    boolean interactive = parameters.flag(Permission.INTERACTIVE);
    ServedTarget target = find(id);
    Map<String, String> details = TargetIdentifier.details(id);
    details.put(VERSION, version.orElse(""));
    permission.require(
        exchange.peer(),
        version.isPresent() ? "update-to-version" : "update",
        details,
        interactive);
    var finished = run(exchange, JobRequest.of(type, target).on(version));
    JsonNode result = finished.result();
    ObjectNode answer = picture(finished.job());
    if (result.path(VERSION).isTextual()) {
      answer.put(VERSION, result.path(VERSION).textValue());
    }
    return answer
        .putNull("progress")
        .put("outcome", outcome(result.path("outcome").asText()))
        .put("bytesTransferred", result.path("bytesTransferred").asLong(0));
  }

  /** In the words of the interface description, whose names have no dashes. */
  private static String outcome(String text) throws CallException {
    return switch (text) {
      case "no-update" -> "noUpdate";
      case "already-installed" -> "alreadyInstalled";
      case "acquired", "installed" -> text;
      default ->
          throw failed(
              UpdateException.because(Reason.WORKER_FAILED, "the worker failed")
                  .found("it ended well and did not say how")
                  .remedy("see what it wrote to the journal, and try again")
                  .writeFailed());
    };
  }

  private ObjectNode vacuum(Exchange exchange) throws CallException, InterruptedException {
    var parameters = Parameters.of(exchange.call(), PARAMETERS);
    TargetId id = TargetIdentifier.read(parameters);
    boolean interactive = parameters.flag(Permission.INTERACTIVE);
    ServedTarget target = find(id);
    permission.require(exchange.peer(), "vacuum", TargetIdentifier.details(id), interactive);
    var finished = run(exchange, JobRequest.of(JobType.VACUUM, target));
    return Reply.parameters()
        .put(JOB, finished.job().id())
        .put("removed", finished.result().path("removed").asLong(0))
        .put("disabledTransfers", finished.result().path("disabledTransfers").asLong(0));
  }

  /** For everybody, as listing is. */
  private ObjectNode failed(Exchange exchange) throws CallException {
    var _ = Parameters.of(exchange.call(), Set.of());
    ObjectNode answer = Reply.parameters();
    ObjectNode versions = answer.putObject("versions");
    new TreeMap<>(failedVersions.get()).forEach(versions::put);
    return answer;
  }

  private ObjectNode cancel(Exchange exchange) throws CallException, InterruptedException {
    var parameters = Parameters.of(exchange.call(), Set.of(JOB, Permission.INTERACTIVE));
    long id = parameters.integer(JOB);
    boolean interactive = parameters.flag(Permission.INTERACTIVE);
    Job job = jobs.find(id).orElseThrow(() -> new CallException(NAME + ".NoSuchJob"));
    permission.require(exchange.peer(), cancelAction(job.request()), Map.of(), interactive);
    job.cancel();
    return Reply.parameters();
  }

  /**
   * Deviation: P-02, whether a version was asked for decides, and not whether one was found
   * meanwhile.
   */
  private static String cancelAction(JobRequest request) {
    return switch (request.type()) {
      case LIST, DESCRIBE, CHECK_NEW, DESCRIBE_FEATURE, LIST_FEATURES, CHECK, STATUS, HISTORY ->
          "cancel-check";
      case ACQUIRE, INSTALL, APPLY ->
          request.subject().isPresent() ? "cancel-update-to-version" : "cancel-update";
      case VACUUM -> "cancel-vacuum";
      case BOOT_LOADER -> "cancel-update";
    };
  }

  private ServedTarget find(TargetId id) throws CallException, InterruptedException {
    return targets.find(id).orElseThrow(() -> new CallException(NAME + ".NoSuchTarget"));
  }

  private record Finished(Job job, JsonNode result) {}

  private Finished run(Exchange exchange, JobRequest request)
      throws CallException, InterruptedException {
    var follower = new Follower();
    Job job;
    try {
      job = jobs.start(request, follower);
    } catch (UpdateException refused) {
      throw failed(refused);
    }
    if (exchange.call().more()) {
      exchange.sendMore(picture(job));
      while (true) {
        exchange.awaitRoom(); // so that the next reply tells what is true when it can be sent
        Optional<ObjectNode> news = follower.next(job);
        if (news.isEmpty()) {
          break;
        }
        exchange.sendMore(news.get());
      }
    }
    CompletableFuture<JobEnd> end = job.end();
    try {
      return switch (end.get()) {
        case JobEnd.Done(_, var result) -> new Finished(job, result);
        case JobEnd.Failed(var failure) -> throw failed(failure.toException());
        case JobEnd.Died(_, var cancelled) when cancelled ->
            throw new CallException(NAME + ".Cancelled");
        case JobEnd.Died(var status, _) -> throw failed(RunFailure.died(status).toException());
      };
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** The error that has all that is known. */
  private static CallException failed(UpdateException failure) {
    if (SysUpdate.isNoTarget(failure.reason())) {
      return new CallException(NAME + ".NoSuchTarget");
    }
    return new CallException(
        NAME + ".Failed",
        Reply.parameters()
            .put("reason", failure.reason().name())
            .put("message", failure.getMessage())
            .put("found", failure.found().orElse(null))
            .put("state", failure.state().orElse(null))
            .put("remedy", failure.remedy())
            .put("errno", failure.reason().errno().number())
            .put("errnoName", failure.reason().errno().name()));
  }

  private static ObjectNode picture(Job job) {
    ObjectNode picture = Reply.parameters().put(JOB, job.id());
    if (job.request().type() != JobType.VACUUM) {
      picture.put(VERSION, job.version().orElse(null));
    }
    return picture;
  }

  /** Keeps of what a job tells only the last, so that nobody holds it up and nothing piles up. */
  private static final class Follower implements Job.Observer {
    private Optional<JsonNode> amounts = Optional.empty();
    private boolean news;
    private boolean ended;

    @Override
    public synchronized void said(Job job, JsonNode line) {
      JsonNode all = line.path("all");
      if (all.isObject()) {
        amounts = Optional.of(all);
        news = true;
        notifyAll();
      }
    }

    @Override
    public synchronized void changed(Job job) {
      news = true;
      notifyAll();
    }

    @Override
    public synchronized void ended(Job job, JobEnd end) {
      ended = true;
      notifyAll();
    }

    /** How things stand when something is new; empty once it is over. */
    synchronized Optional<ObjectNode> next(Job job) throws InterruptedException {
      while (!news && !ended) {
        wait();
      }
      if (ended) {
        return Optional.empty();
      }
      news = false;
      ObjectNode picture = picture(job);
      amounts.ifPresent(all -> picture.set("progress", progress(job, all)));
      return Optional.of(picture);
    }

    private static ObjectNode progress(Job job, JsonNode all) {
      ObjectNode progress =
          Reply.parameters()
              .put("percent", job.percent())
              .put("fetched", all.path("fetched").asLong(0))
              .put("reused", all.path("reused").asLong(0));
      put(progress, "total", all.path("total"));
      progress.put("rate", all.path("rate").asLong(0));
      put(progress, "secondsLeft", all.path("secondsLeft"));
      return progress;
    }

    private static void put(ObjectNode node, String name, JsonNode number) {
      if (number.isIntegralNumber()) {
        node.put(name, number.longValue());
      } else {
        node.putNull(name);
      }
    }
  }
}
