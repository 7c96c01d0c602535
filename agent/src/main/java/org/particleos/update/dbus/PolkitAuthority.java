package org.particleos.update.dbus;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.UInt64;
import org.freedesktop.dbus.types.Variant;
import org.particleos.update.service.Authority;
import org.particleos.update.service.Caller;

/**
 * polkit on the system bus (dbus-varlink.md 8, org.freedesktop.PolicyKit1.Authority). Asked for
 * everybody but root; while it does not run, nobody else may do anything. A question that waits for
 * a password is withdrawn when the one who caused it has gone. Safe for use by several threads.
 */
public final class PolkitAuthority implements Authority {
  private static final String POLKIT = "org.freedesktop.PolicyKit1";
  private static final String PATH = "/org/freedesktop/PolicyKit1/Authority";
  private static final String INTERFACE = POLKIT + ".Authority";
  private static final UInt32 NO_FLAGS = new UInt32(0);
  private static final UInt32 ALLOW_USER_INTERACTION = new UInt32(1);

  /** Rules are programs of the administrator; the bus may have to start polkit first. */
  private static final Duration REPLY_WAIT = Duration.ofSeconds(30);

  /** For somebody who looks for the password. Then the question is withdrawn. */
  private static final Duration INTERACTION_WAIT = Duration.ofMinutes(10);

  private static final long ROOT = 0;

  private final SystemBus bus;
  private final AtomicLong questions = new AtomicLong();

  public PolkitAuthority(SystemBus bus) {
    this.bus = bus;
  }

  @Override
  public Verdict decide(
      Caller caller, String action, Map<String, String> details, boolean interactive)
      throws InterruptedException {
    return switch (caller) {
      case Caller.OnBus(var name) -> onBus(name, action, details, interactive);
      case Caller.OnSocket(var _, var uid, var _) when uid == ROOT -> Verdict.ALLOWED;
      case Caller.OnSocket(var pid, var uid, var startTime) ->
          ask(
              subject(
                  "unix-process",
                  Map.of(
                      "pid", new Variant<>(new UInt32(pid), "u"),
                      "start-time", new Variant<>(new UInt64(startTime), "t"),
                      "uid", new Variant<>((int) uid, "i"))),
              action,
              details,
              interactive,
              question());
    };
  }

  private Verdict onBus(
      String name, String action, Map<String, String> details, boolean interactive)
      throws InterruptedException {
    try {
      if (bus.user(name) == ROOT) {
        return Verdict.ALLOWED;
      }
    } catch (BusException _) {
      return Verdict.DENIED; // it is gone
    }
    Object[] subject = subject("system-bus-name", Map.of("name", new Variant<>(name, "s")));
    String question = question();
    if (!interactive) {
      return ask(subject, action, details, false, question);
    }
    try (var _ = bus.listen(SystemBus.Match.ownerOf(name), _ -> withdraw(question))) {
      if (isGone(name)) { // before we listened
        return Verdict.DENIED;
      }
      return ask(subject, action, details, true, question);
    }
  }

  private boolean isGone(String name) throws InterruptedException {
    try {
      return !bus.exists(name);
    } catch (BusException _) {
      return true;
    }
  }

  private static Object[] subject(String kind, Map<String, Variant<?>> details) {
    return new Object[] {kind, details};
  }

  /** Names a question of ours, so that it can be withdrawn. */
  private String question() {
    return "particle-update-" + questions.incrementAndGet();
  }

  private Verdict ask(
      Object[] subject,
      String action,
      Map<String, String> details,
      boolean interactive,
      String question)
      throws InterruptedException {
    var call =
        new BusConnection.Call(
            POLKIT,
            PATH,
            INTERFACE,
            "CheckAuthorization",
            "(sa{sv})sa{ss}us",
            subject,
            action,
            new TreeMap<>(details),
            interactive ? ALLOW_USER_INTERACTION : NO_FLAGS,
            question);
    try {
      List<Object> answer = bus.call(call, interactive ? INTERACTION_WAIT : REPLY_WAIT);
      return verdict((List<?>) answer.getFirst());
    } catch (BusException refused) {
      if (refused.name().equals(BusException.NO_REPLY)) {
        withdraw(question);
      }
      // Of an action that polkit does not know, too: then our files are not installed.
      return refused.name().equals(POLKIT + ".Error.Cancelled")
          ? Verdict.DENIED
          : Verdict.UNAVAILABLE;
    } catch (InterruptedException stopping) {
      withdraw(question);
      throw stopping;
    }
  }

  /** Of (is authorised, is a challenge, details). */
  private static Verdict verdict(List<?> answer) {
    if (answer.get(0).equals(true)) {
      return Verdict.ALLOWED;
    }
    return answer.get(1).equals(true) ? Verdict.NEEDS_INTERACTION : Verdict.DENIED;
  }

  /** Whoever waits for the answer hears that it was cancelled. */
  private void withdraw(String question) {
    bus.tell(
        new BusConnection.Call(POLKIT, PATH, INTERFACE, "CancelCheckAuthorization", "s", question));
  }
}
