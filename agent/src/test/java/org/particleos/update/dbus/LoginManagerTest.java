package org.particleos.update.dbus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.freedesktop.DBus;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.types.UInt64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

class LoginManagerTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir private Path directory;

  /** What the test needs of login1. */
  @DBusInterfaceName("org.freedesktop.login1.Manager")
  public interface Manager extends DBusInterface {
    void RebootWithFlags(UInt64 flags);
  }

  /** login1 as it was before. */
  @DBusInterfaceName("org.freedesktop.login1.Manager")
  public interface OldManager extends DBusInterface {
    void RebootWithFlags(UInt64 flags);

    void Reboot(boolean interactive);
  }

  private static DBusConnection serving(PrivateBus bus, DBusInterface object) throws Exception {
    var connection = DBusConnectionBuilder.forAddress(bus.address()).withShared(false).build();
    connection.exportObject("/org/freedesktop/login1", object);
    connection.requestBusName("org.freedesktop.login1");
    return connection;
  }

  private static void reboot(PrivateBus bus) throws UpdateException {
    LoginManager.ofSystem(Map.of("DBUS_SYSTEM_BUS_ADDRESS", bus.address())).reboot();
  }

  @Test
  void aRebootIsAskedForWithRespectForInhibitors() throws Exception {
    BlockingQueue<UInt64> asked = new LinkedBlockingQueue<>();
    class Fake implements Manager {
      @Override
      public void RebootWithFlags(UInt64 flags) {
        asked.add(flags);
      }

      @Override
      public String getObjectPath() {
        return "/org/freedesktop/login1";
      }
    }

    try (var bus = PrivateBus.in(directory, "");
        var _ = serving(bus, new Fake())) {
      reboot(bus);
    }

    assertEquals(List.of(new UInt64(1)), List.copyOf(asked));
  }

  @Test
  void anOldLoginManagerIsAskedTheOldWayWithoutAPrompt() throws Exception {
    BlockingQueue<Boolean> asked = new LinkedBlockingQueue<>();
    class Fake implements OldManager {
      @Override
      public void RebootWithFlags(UInt64 flags) {
        throw new DBus.Error.UnknownMethod();
      }

      @Override
      public void Reboot(boolean interactive) {
        asked.add(interactive);
      }

      @Override
      public String getObjectPath() {
        return "/org/freedesktop/login1";
      }
    }

    try (var bus = PrivateBus.in(directory, "");
        var _ = serving(bus, new Fake())) {
      reboot(bus);
    }

    assertEquals(List.of(false), List.copyOf(asked));
  }

  @Test
  void aRefusalOfTheBusIsAMissingPermission() throws Exception {
    String rule = "<deny send_interface=\"org.freedesktop.login1.Manager\"/>";
    try (var bus = PrivateBus.in(directory, rule);
        var _ = serving(bus, () -> "/org/freedesktop/login1")) {
      var refused = assertThrows(UpdateException.NotPermitted.class, () -> reboot(bus));

      assertEquals(Reason.PERMISSION_DENIED, refused.reason());
      assertTrue(refused.found().orElseThrow().contains("AccessDenied"));
    }
  }

  @Test
  void aBusWithoutALoginManagerIsToldApart() throws Exception {
    try (var bus = PrivateBus.in(directory, "")) {
      var failed = assertThrows(UpdateException.Unreachable.class, () -> reboot(bus));

      assertEquals(Reason.LOGIN_MANAGER_FAILED, failed.reason());
      assertTrue(failed.found().orElseThrow().contains("ServiceUnknown"));
    }
  }

  @Test
  void aLoginManagerThatDoesNotAnswerIsGivenUp() throws Exception {
    var over = new CountDownLatch(1);
    class Fake implements Manager {
      @Override
      public void RebootWithFlags(UInt64 flags) {
        try {
          over.await();
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
        }
      }

      @Override
      public String getObjectPath() {
        return "/org/freedesktop/login1";
      }
    }

    try (var bus = PrivateBus.in(directory, "");
        var _ = serving(bus, new Fake())) {
      var manager = new LoginManager(List.of(bus.address()), Duration.ofMillis(200));

      var failed = assertThrows(UpdateException.Unreachable.class, manager::reboot);
      over.countDown();

      assertTrue(failed.found().orElseThrow().contains("no reply within"));
    }
  }

  @Test
  void withoutABusItIsSaidThatThereIsNone() {
    var manager = new LoginManager(List.of("unix:path=" + directory.resolve("nothing")), LONG);

    var failed = assertThrows(UpdateException.Unreachable.class, manager::reboot);

    assertEquals(Reason.LOGIN_MANAGER_FAILED, failed.reason());
  }

  @Test
  void severalAddressesAreTriedInTurn() throws Exception {
    try (var bus = PrivateBus.in(directory, "")) {
      var environment =
          Map.of(
              "DBUS_SYSTEM_BUS_ADDRESS",
              "unix:path=" + directory.resolve("nothing") + ";" + bus.address());

      var failed =
          assertThrows(
              UpdateException.Unreachable.class, () -> LoginManager.ofSystem(environment).reboot());

      // This answer can only come from the second one.
      assertTrue(failed.found().orElseThrow().contains("ServiceUnknown"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "org.freedesktop.DBus.Error.AccessDenied, NotPermitted, PERMISSION_DENIED",
    "org.freedesktop.DBus.Error.AuthFailed, NotPermitted, PERMISSION_DENIED",
    "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired, NotPermitted, PERMISSION_DENIED",
    "org.freedesktop.login1.BlockedByInhibitorLock, Busy, REBOOT_INHIBITED",
    "org.freedesktop.login1.OperationInProgress, Busy, REBOOT_INHIBITED",
    "org.freedesktop.DBus.Error.NoReply, Unreachable, LOGIN_MANAGER_FAILED",
    "com.example.Strange, Unreachable, LOGIN_MANAGER_FAILED"
  })
  void everyErrorNameHasItsKind(String name, String kind, Reason reason) {
    var refusal = LoginManager.refusal(name, "why\nnot");

    assertInstanceOf(UpdateException.class, refusal);
    assertEquals(kind, refusal.getClass().getSimpleName());
    assertEquals(reason, refusal.reason());
    assertEquals(name + ": \"why\\nnot\"", refusal.found().orElseThrow());
  }
}
