package org.particleos.update.dbus;

import static org.particleos.update.dbus.Interface.arg;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.UInt64;
import org.particleos.update.dbus.Interface.Change;
import org.particleos.update.definition.Enablement;
import org.particleos.update.definition.SafeName;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.service.Job;
import org.particleos.update.service.JobEnd;
import org.particleos.update.service.JobRequest;
import org.particleos.update.service.JobType;
import org.particleos.update.service.ServedTarget;
import org.particleos.update.service.TargetId;
import org.particleos.update.version.Version;

/**
 * A target on the bus (dbus-varlink.md 5). Deviation: P-08, whatever takes time is a job or read
 * beside other calls, and keeps nobody waiting.
 */
record TargetObject(Sysupdate1 service, ServedTarget target) {
  private static final long OFFLINE = 1;
  private static final String FEATURE_SUFFIX = ".feature";
  private static final String NO_CANDIDATE = Sysupdate1.NAME + ".NoCandidate";

  static final Interface<TargetObject> INTERFACE =
      Interface.<TargetObject>named(Sysupdate1.NAME + ".Target")
          .method(
              "List",
              List.of(arg("flags", "t")),
              List.of(arg("versions", "as")),
              (object, call) -> List.of(object.list(call)))
          .method(
              "Describe",
              List.of(arg("version", "s"), arg("flags", "t")),
              List.of(arg("json", "s")),
              (object, call) -> List.of(object.describe(call)))
          .method(
              "CheckNew",
              List.of(),
              List.of(arg("new_version", "s")),
              (object, call) -> List.of(object.checkNew(call)))
          .method(
              "Acquire",
              List.of(arg("new_version", "s"), arg("flags", "t")),
              List.of(arg("new_version", "s"), arg("job_id", "t"), arg("job_path", "o")),
              (object, call) -> object.bringIn(JobType.ACQUIRE, call))
          .method(
              "Install",
              List.of(arg("new_version", "s"), arg("flags", "t")),
              List.of(arg("new_version", "s"), arg("job_id", "t"), arg("job_path", "o")),
              (object, call) -> object.bringIn(JobType.INSTALL, call))
          .method(
              "Vacuum",
              List.of(),
              List.of(arg("instances", "u"), arg("disabled_transfers", "u")),
              (object, call) -> object.vacuum(call))
          .method(
              "GetAppStream",
              List.of(),
              List.of(arg("appstream", "as")),
              (object, _) -> List.of(object.service.reads().appStream(object.target)))
          .method(
              "GetVersion",
              List.of(),
              List.of(arg("version", "s")),
              (object, _) -> List.of(object.service.reads().version(object.target).orElse("")))
          .method(
              "ListFeatures",
              List.of(arg("flags", "t")),
              List.of(arg("features", "as")),
              (object, call) -> {
                noFlags(call.unsigned(0));
                return List.of(object.service.reads().features(object.target));
              })
          .method(
              "DescribeFeature",
              List.of(arg("feature", "s"), arg("flags", "t")),
              List.of(arg("json", "s")),
              (object, call) -> List.of(object.describeFeature(call)))
          .method(
              "SetFeatureEnabled",
              List.of(arg("feature", "s"), arg("enabled", "i"), arg("flags", "t")),
              List.of(),
              (object, call) -> {
                object.setFeatureEnabled(call);
                return List.of();
              })
          .property(
              "Class", "s", Change.CONSTANT, object -> object.target.id().targetClass().text())
          .property("Name", "s", Change.CONSTANT, object -> object.target.id().name())
          .property("Path", "s", Change.CONSTANT, object -> object.target.path())
          .build();

  static Served<TargetObject> served(Sysupdate1 service, ServedTarget target) {
    return new Served<>(INTERFACE, new TargetObject(service, target));
  }

  private List<String> list(Invocation call) throws BusException, InterruptedException {
    boolean offline = offline(call.unsigned(0));
    require(call, "check", details("offline", offline ? "1" : "0"));
    JsonNode all = result(JobRequest.of(JobType.LIST, target).offline(offline)).path("all");
    if (!all.isArray()) {
      throw unreadable();
    }
    List<String> versions = new ArrayList<>();
    all.forEach(version -> versions.add(version.asText()));
    return versions;
  }

  private String describe(Invocation call) throws BusException, InterruptedException {
    String version = version(call.text(0)).orElseThrow(TargetObject::invalidVersion);
    boolean offline = offline(call.unsigned(1));
    require(call, "check", details("version", version, "offline", offline ? "1" : "0"));
    // P-01: all keys that there are; written without white space.
    return result(about(JobType.DESCRIBE, version).offline(offline)).toString();
  }

  private String checkNew(Invocation call) throws BusException, InterruptedException {
    require(call, "check", details("offline", "0"));
    JsonNode answer = result(JobRequest.of(JobType.CHECK_NEW, target));
    if (!answer.has("available")) {
      throw unreadable();
    }
    return answer.path("available").asText("");
  }

  /** Answers as soon as the work begins; the job goes on afterwards. */
  private List<Object> bringIn(JobType type, Invocation call)
      throws BusException, InterruptedException {
    Optional<String> version =
        call.text(0).isEmpty()
            ? Optional.empty()
            : Optional.of(version(call.text(0)).orElseThrow(TargetObject::invalidVersion));
    noFlags(call.unsigned(1));
    require(
        call,
        version.isPresent() ? "update-to-version" : "update",
        details("version", version.orElse("")));
    var settled = new CompletableFuture<Optional<JobEnd>>();
    var answering =
        new Job.Observer() {
          // By the thread of the job: what becomes of it is told after the answer.
          @Override
          public void changed(Job job) {
            if (job.isReady() && !call.answered()) {
              call.reply(job.version().orElseThrow(), new UInt64(job.id()), Sysupdate1.path(job));
              settled.complete(Optional.empty());
            }
          }

          @Override
          public void ended(Job job, JobEnd end) {
            settled.complete(Optional.of(end));
          }
        };
    service.start(JobRequest.of(type, target).on(version), answering);
    Optional<JobEnd> end = await(settled);
    if (end.isPresent()) {
      throw withoutReadiness(type, version, end.get());
    }
    return List.of(); // answered already
  }

  private BusException withoutReadiness(JobType type, Optional<String> version, JobEnd end) {
    if (!(end instanceof JobEnd.Done(_, var result))) {
      return ErrorNames.of(end);
    }
    Optional<BusException> earlier =
        type == JobType.INSTALL ? service.failedAcquire(target, version) : Optional.empty();
    // P-10: a version that only waits to be installed is acquired with success, so here it is
    // installed, or there is none.
    boolean installed = result.path("outcome").asText().equals("already-installed");
    return earlier.orElseGet(() ->
        new BusException(
            NO_CANDIDATE,
            installed
                ? "nothing to do: version " + result.path("version").asText() + " is installed"
                : "nothing to do: there is no newer version"));
  }

  private List<Object> vacuum(Invocation call) throws BusException, InterruptedException {
    require(call, "vacuum", details());
    JsonNode answer = result(JobRequest.of(JobType.VACUUM, target));
    if (!answer.path("removed").isInt() || !answer.path("disabledTransfers").isInt()) {
      throw unreadable();
    }
    return List.of(
        new UInt32(answer.path("removed").asInt()),
        new UInt32(answer.path("disabledTransfers").asInt()));
  }

  private String describeFeature(Invocation call) throws BusException, InterruptedException {
    String feature = feature(call.text(0));
    noFlags(call.unsigned(1));
    return result(about(JobType.DESCRIBE_FEATURE, feature)).toString();
  }

  private void setFeatureEnabled(Invocation call)
      throws BusException, UpdateException, InterruptedException {
    noFlags(call.unsigned(2));
    if (!target.id().equals(TargetId.HOST)) {
      throw new BusException(
          BusException.NOT_SUPPORTED, "features are switched on the target \"host\" only");
    }
    String feature = feature(call.text(0));
    int enabled = call.integer(1);
    String choice = enabled < 0 ? "unset" : enabled > 0 ? "true" : "false";
    require(
        call, "manage-features", details("feature", feature + FEATURE_SUFFIX, "enabled", choice));
    var subject = new Enablement.Subject.OfFeature(feature);
    if (enabled >= 0) {
      service.enablement().set(subject, enabled > 0, "particle-update daemon");
    } else if (!service.enablement().forget(subject)) {
      throw new BusException(
          BusException.FILE_NOT_FOUND,
          "nobody has switched feature " + feature + " on or off in this way");
    }
  }

  // ---- What they share ----

  private static boolean offline(long flags) throws BusException {
    if ((flags & ~OFFLINE) != 0) {
      throw BusException.invalid("Invalid flags specified");
    }
    return flags == OFFLINE;
  }

  private static void noFlags(long flags) throws BusException {
    if (flags != 0) {
      throw BusException.invalid("Flags must be 0");
    }
  }

  private static Optional<String> version(String text) {
    return Version.isValid(text) ? Optional.of(text) : Optional.empty();
  }

  private static BusException invalidVersion() {
    return BusException.invalid("Invalid version");
  }

  private static String feature(String text) throws BusException {
    String name =
        text.endsWith(FEATURE_SUFFIX)
            ? text.substring(0, text.length() - FEATURE_SUFFIX.length())
            : text;
    if (!SafeName.isFeature(name)) {
      throw BusException.invalid("Invalid feature name");
    }
    return name;
  }

  /** Class and name, and pairs of a key and its value. */
  private Map<String, String> details(String... more) {
    Map<String, String> details = new LinkedHashMap<>();
    details.put("class", target.id().targetClass().text());
    details.put("name", target.id().name());
    for (int i = 0; i < more.length; i += 2) {
      details.put(more[i], more[i + 1]);
    }
    return details;
  }

  private void require(Invocation call, String action, Map<String, String> details)
      throws BusException, InterruptedException {
    Permissions.require(service.authority(), call, Sysupdate1.NAME + "." + action, details);
  }

  private JobRequest about(JobType type, String subject) {
    return new JobRequest(type, target, Optional.of(subject), false, List.of());
  }

  /** What a worker printed in the end. The job goes on when its caller has gone. */
  private JsonNode result(JobRequest request) throws BusException, InterruptedException {
    Job job = service.start(request, new Job.Observer() {});
    JobEnd end = await(job.end());
    if (end instanceof JobEnd.Done(_, var result) && result.isObject()) {
      return result;
    }
    throw ErrorNames.of(end);
  }

  private static BusException unreadable() {
    return new BusException(BusException.FAILED, "the worker answered with something unknown");
  }

  private static <T> T await(CompletableFuture<T> future) throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
