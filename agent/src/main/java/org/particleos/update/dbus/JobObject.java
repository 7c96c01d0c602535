package org.particleos.update.dbus;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.UInt64;
import org.particleos.update.dbus.Interface.Change;
import org.particleos.update.service.Authority;
import org.particleos.update.service.Job;

/** A job on the bus (dbus-varlink.md 6). */
record JobObject(Authority authority, Job job) {
  static final Interface<JobObject> INTERFACE =
      Interface.<JobObject>named(Sysupdate1.NAME + ".Job")
          .method(
              "Cancel",
              List.of(),
              List.of(),
              (object, call) -> {
                object.cancel(call);
                return List.of();
              })
          .property("Id", "t", Change.CONSTANT, object -> new UInt64(object.job().id()))
          .property("Type", "s", Change.CONSTANT, object -> object.job().request().type().text())
          .property("Offline", "b", Change.CONSTANT, object -> object.job().request().offline())
          .property("Progress", "u", Change.SIGNALLED, object -> new UInt32(object.job().percent()))
          .build();

  static Served<JobObject> served(Sysupdate1 service, Job job) {
    return new Served<>(INTERFACE, new JobObject(service.authority(), job));
  }

  private void cancel(Invocation call) throws BusException, InterruptedException {
    Optional<String> action = cancelAction();
    if (action.isPresent()) {
      Permissions.require(authority, call, Sysupdate1.NAME + "." + action.get(), Map.of());
    }
    job.cancel();
  }

  /**
   * Deviation: P-02, by the version that was asked for; the reference always takes that for a
   * certain version. P-09: actions of their own, not those of the method that started the job.
   */
  private Optional<String> cancelAction() {
    return switch (job.request().type()) {
      case LIST, DESCRIBE, CHECK_NEW, CHECK, STATUS, HISTORY -> Optional.of("cancel-check");
      case ACQUIRE, INSTALL, APPLY ->
          Optional.of(
              job.request().subject().isPresent() ? "cancel-update-to-version" : "cancel-update");
      case VACUUM -> Optional.of("cancel-vacuum");
      case BOOT_LOADER -> Optional.of("cancel-update");
      case DESCRIBE_FEATURE, LIST_FEATURES -> Optional.empty();
    };
  }
}
