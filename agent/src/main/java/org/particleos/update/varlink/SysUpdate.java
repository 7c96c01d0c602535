package org.particleos.update.varlink;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.service.FeatureReads;
import org.particleos.update.service.Job;
import org.particleos.update.service.JobEnd;
import org.particleos.update.service.JobRequest;
import org.particleos.update.service.JobType;
import org.particleos.update.service.Jobs;
import org.particleos.update.service.ServedTarget;
import org.particleos.update.service.TargetClass;
import org.particleos.update.service.TargetId;

/** The interface of the reference, {@code io.systemd.SysUpdate} (dbus-varlink.md 9.3). */
final class SysUpdate {
  static final String NAME = "io.systemd.SysUpdate";

  private final FreshTargets targets;
  private final Jobs jobs;
  private final FeatureReads features;
  private final Permission permission;

  private SysUpdate(FreshTargets targets, Jobs jobs, FeatureReads features, Permission permission) {
    this.targets = targets;
    this.jobs = jobs;
    this.features = features;
    this.permission = permission;
  }

  static VarlinkInterface of(
      FreshTargets targets, Jobs jobs, FeatureReads features, Permission permission) {
    var methods = new SysUpdate(targets, jobs, features, permission);
    return VarlinkInterface.described(
        NAME,
        Map.of(
            "ListTargets", methods::listTargets,
            "ListFeatures", methods::listFeatures,
            "CheckNew", methods::checkNew));
  }

  /**
   * Deviation: P-04, an image that cannot be looked into is left out, and the others are listed.
   */
  private ObjectNode listTargets(Exchange exchange) throws CallException, InterruptedException {
    Parameters.of(exchange.call(), Set.of());
    ObjectNode answer = Reply.parameters();
    var list = answer.putArray("targets");
    for (ServedTarget target : targets.all()) {
      list.addObject().set("id", TargetIdentifier.write(target.id()));
    }
    return answer;
  }

  private ObjectNode listFeatures(Exchange exchange) throws CallException, InterruptedException {
    var parameters = Parameters.of(exchange.call(), Set.of(TargetIdentifier.PARAMETER));
    ServedTarget target = find(TargetIdentifier.read(parameters));
    ObjectNode answer = Reply.parameters();
    var list = answer.putArray("features");
    try {
      features.all(target).forEach(list::add);
    } catch (UpdateException failed) {
      throw error(failed.reason());
    }
    return answer;
  }

  private ObjectNode checkNew(Exchange exchange) throws CallException, InterruptedException {
    var parameters =
        Parameters.of(exchange.call(), Set.of(TargetIdentifier.PARAMETER, Permission.INTERACTIVE));
    TargetId id = TargetIdentifier.read(parameters);
    boolean interactive = parameters.flag(Permission.INTERACTIVE);
    ServedTarget target = find(id);
    permission.require(exchange.peer(), "check", details(id), interactive);
    return switch (check(exchange, target)) {
      case JobEnd.Done(_, var result) -> {
        JsonNode available = result.path("available");
        if (available.isTextual()) {
          yield Reply.parameters().put("available", available.textValue());
        }
        if (available.isNull()) {
          throw new CallException(NAME + ".NoUpdateNeeded");
        }
        throw CallException.system(Errno.EPROTO);
      }
      case JobEnd.Failed(var failure) -> throw error(failure.reason());
      case JobEnd.Died(_, var cancelled) ->
          throw CallException.system(cancelled ? Errno.ECANCELED : Errno.EIO);
    };
  }

  /** Unlike elsewhere the host has no name here (dbus-varlink.md 8). */
  private static Map<String, String> details(TargetId id) {
    Map<String, String> details = new LinkedHashMap<>(TargetIdentifier.details(id));
    if (id.targetClass() == TargetClass.HOST) {
      details.remove("name");
    }
    details.put("offline", "0");
    return details;
  }

  private JobEnd check(Exchange exchange, ServedTarget target)
      throws CallException, InterruptedException {
    Job job;
    try {
      job = jobs.start(JobRequest.of(JobType.CHECK_NEW, target), new Job.Observer() {});
    } catch (UpdateException refused) {
      throw error(refused.reason());
    }
    CompletableFuture<JobEnd> end = job.end();
    try {
      CompletableFuture.anyOf(end, exchange.gone()).get();
      if (!end.isDone()) {
        job.cancel(); // nobody wants to know any more
      }
      return end.get();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private ServedTarget find(TargetId id) throws CallException, InterruptedException {
    return targets.find(id).orElseThrow(() -> new CallException(NAME + ".NoSuchTarget"));
  }

  private static CallException error(Reason reason) {
    return isNoTarget(reason)
        ? new CallException(NAME + ".NoSuchTarget")
        : CallException.system(reason.errno());
  }

  /** What is there but has no transfers is no target (dbus-varlink.md 9.3). */
  static boolean isNoTarget(Reason reason) {
    return reason == Reason.NO_DEFINITIONS || reason == Reason.COMPONENT_NOT_FOUND;
  }
}
