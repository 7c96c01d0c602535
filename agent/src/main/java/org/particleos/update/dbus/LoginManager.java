package org.particleos.update.dbus;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.messages.Error;
import org.freedesktop.dbus.messages.Message;
import org.freedesktop.dbus.types.UInt64;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * The login manager of the running system, which reboots it (org.freedesktop.login1(5),
 * update-algorithm.md 6.8). Asks without a password prompt: who may not reboot is told so.
 */
public final class LoginManager {
  private static final String SERVICE = "org.freedesktop.login1";
  private static final String OBJECT = "/org/freedesktop/login1";
  private static final String INTERFACE = "org.freedesktop.login1.Manager";
  private static final String ERRORS = "org.freedesktop.DBus.Error.";

  /** Inhibitors count even for root: somebody may be burning a disc. */
  private static final UInt64 CHECK_INHIBITORS = new UInt64(1);

  /** The bus may have to start the service first, and gives that 25 s itself. */
  private static final Duration REPLY_WAIT = Duration.ofSeconds(30);

  /** A bus that runs accepts at once; the library keeps trying one that does not for this long. */
  private static final int CONNECT_MILLIS = 1_000;

  private final List<String> addresses;
  private final Duration replyWait;

  LoginManager(List<String> addresses, Duration replyWait) {
    this.addresses = List.copyOf(addresses);
    this.replyWait = replyWait;
  }

  /** On the bus that {@code $DBUS_SYSTEM_BUS_ADDRESS} names, else on the usual one. */
  public static LoginManager ofSystem(Map<String, String> environment) {
    return new LoginManager(BusAddresses.ofSystem(environment), REPLY_WAIT);
  }

  /**
   * Asks for a reboot, which begins soon after this returned.
   *
   * @throws UpdateException.NotPermitted if the caller may not, or not without a password
   * @throws UpdateException.Busy if somebody keeps the system from being rebooted now
   * @throws UpdateException.Unreachable if there is no bus or no login manager, or it failed
   */
  public void reboot() throws UpdateException {
    try (var bus = connect()) {
      var reply = call(bus, "RebootWithFlags", "t", CHECK_INHIBITORS);
      // systemd before release 249.
      if (reply instanceof Error error && is(error, ERRORS + "UnknownMethod")) {
        reply = call(bus, "Reboot", "b", false);
      }
      if (reply instanceof Error error) {
        throw refusal(String.valueOf(error.getName()), text(error));
      }
      if (reply == null) {
        throw refusal(ERRORS + "NoReply", "no reply within " + replyWait.toSeconds() + " s");
      }
    } catch (DBusException | DBusExecutionException | IOException failed) {
      throw unreachable(String.valueOf(failed.getMessage())).cause(failed).unreachable();
    }
  }

  private DBusConnection connect() throws DBusException {
    @Nullable DBusException first = null;
    for (String address : addresses) {
      try {
        return DBusConnectionBuilder.forAddress(address)
            .withShared(false)
            .transportConfig()
            .withTimeout(CONNECT_MILLIS)
            .back()
            .build();
      } catch (DBusException failed) {
        if (first == null) {
          first = failed;
        } else {
          first.addSuppressed(failed);
        }
      }
    }
    throw first == null ? new DBusException("there is no bus address") : first;
  }

  private @Nullable Message call(
      DBusConnection bus, String method, String signature, Object argument) throws DBusException {
    var call =
        bus.getMessageFactory()
            .createMethodCall(SERVICE, OBJECT, INTERFACE, method, (byte) 0, signature, argument);
    bus.sendMessage(call);
    return call.getReply(replyWait.toMillis());
  }

  private static boolean is(Error error, String name) {
    return name.equals(error.getName());
  }

  private static String text(Error error) throws DBusException {
    Object[] parameters = error.getParameters();
    return parameters.length > 0 && parameters[0] instanceof String text ? text : "";
  }

  /** What an error reply means for the reader. */
  static UpdateException refusal(String name, String text) {
    String found = text.isEmpty() ? name : name + ": " + Quote.quote(text);
    return switch (name) {
      case ERRORS + "AccessDenied",
          ERRORS + "AuthFailed",
          ERRORS + "InteractiveAuthorizationRequired" ->
          UpdateException.because(
                  Reason.PERMISSION_DENIED,
                  "refused to reboot: the login manager does not allow it")
              .found(found)
              .remedy(
                  "run it as root; systemd-inhibit --list shows who else may keep the system from"
                      + " rebooting")
              .notPermitted();
      case SERVICE + ".BlockedByInhibitorLock", SERVICE + ".OperationInProgress" ->
          UpdateException.because(
                  Reason.REBOOT_INHIBITED, "refused to reboot: somebody keeps the system running")
              .found(found)
              .remedy("see systemd-inhibit --list for who it is, and reboot afterwards")
              .busy();
      default -> unreachable(found).unreachable();
    };
  }

  private static UpdateException.Details unreachable(String found) {
    return UpdateException.because(
            Reason.LOGIN_MANAGER_FAILED, "asking the login manager for a reboot failed")
        .found(found)
        .remedy("reboot by other means, for example with systemctl reboot");
  }
}
