package org.particleos.update.dbus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.particleos.update.dbus.Interface.arg;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.UInt64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.service.Authority.Verdict;
import org.particleos.update.service.Caller;

/** dbus-varlink.md 8. The real polkit has its own test. */
@Timeout(120) // of what hangs
class PolkitAuthorityTest {
  private static final String CHECK = "org.freedesktop.sysupdate1.check";
  private static final Map<String, String> DETAILS = Map.of("class", "host", "offline", "0");

  @TempDir private Path directory;

  /**
   * Polkit, as far as it is asked. Questions that allow a password wait until they are withdrawn.
   */
  private static final class FakePolkit {
    private static final Interface<FakePolkit> INTERFACE =
        Interface.<FakePolkit>named("org.freedesktop.PolicyKit1.Authority")
            .method(
                "CheckAuthorization",
                List.of(
                    arg("subject", "(sa{sv})"),
                    arg("action_id", "s"),
                    arg("details", "a{ss}"),
                    arg("flags", "u"),
                    arg("cancellation_id", "s")),
                List.of(arg("result", "(bba{ss})")),
                FakePolkit::check)
            .method(
                "CancelCheckAuthorization",
                List.of(arg("cancellation_id", "s")),
                List.of(),
                (polkit, call) -> {
                  polkit.withdrawn.complete(call.text(0));
                  return List.of();
                })
            .build();

    private final BlockingQueue<List<Object>> asked = new LinkedBlockingQueue<>();
    private final CompletableFuture<String> withdrawn = new CompletableFuture<>();
    private volatile boolean authorised;
    private volatile boolean challenge;

    private List<Object> check(Invocation call) throws BusException, InterruptedException {
      asked.add(List.of(call.value(0), call.text(1), call.value(2), call.value(3), call.text(4)));
      if (call.value(3).equals(new UInt32(1))) {
        try {
          assertEquals(call.text(4), withdrawn.get());
        } catch (java.util.concurrent.ExecutionException impossible) {
          throw new AssertionError(impossible);
        }
        throw new BusException("org.freedesktop.PolicyKit1.Error.Cancelled", "cancelled");
      }
      return List.of((Object) new Object[] {authorised, challenge, Map.of()});
    }

    SystemBus on(PrivateBus bus) throws Exception {
      var system = new SystemBus(List.of(bus.address()), _ -> {});
      system.export(
          "/org/freedesktop/PolicyKit1/Authority", new Served<FakePolkit>(INTERFACE, this));
      system.own("org.freedesktop.PolicyKit1");
      system.open(_ -> {});
      return system;
    }
  }

  private static SystemBus ours(PrivateBus bus) throws Exception {
    var system = new SystemBus(List.of(bus.address()), _ -> {});
    system.open(_ -> {});
    return system;
  }

  @ParameterizedTest
  @CsvSource({
    "true, false, ALLOWED",
    "false, false, DENIED",
    "false, true, NEEDS_INTERACTION",
  })
  void polkitDecides(boolean authorised, boolean challenge, Verdict verdict) throws Exception {
    var polkit = new FakePolkit();
    polkit.authorised = authorised;
    polkit.challenge = challenge;
    try (var bus = PrivateBus.in(directory, "");
        var _ = polkit.on(bus);
        var system = ours(bus);
        var stranger = Stranger.on(bus)) {
      var caller = new Caller.OnBus(stranger.name());

      assertEquals(verdict, new PolkitAuthority(system).decide(caller, CHECK, DETAILS, false));

      List<Object> asked = polkit.asked.take();
      assertEquals(
          List.of(
              List.of("system-bus-name", Map.of("name", stranger.name())),
              CHECK,
              DETAILS,
              new UInt32(0)),
          asked.subList(0, 4));
    }
  }

  @Test
  void aProcessIsNamedSoThatNoOtherTakesItsPlace() throws Exception {
    var polkit = new FakePolkit();
    polkit.authorised = true;
    try (var bus = PrivateBus.in(directory, "");
        var _ = polkit.on(bus);
        var system = ours(bus)) {
      var authority = new PolkitAuthority(system);

      assertEquals(
          Verdict.ALLOWED,
          authority.decide(new Caller.OnSocket(42, 1000, 77), CHECK, DETAILS, false));
      assertEquals(
          List.of(
              "unix-process",
              Map.of("pid", new UInt32(42), "start-time", new UInt64(77), "uid", 1000)),
          polkit.asked.take().getFirst());
    }
  }

  @Test
  void rootIsNotAskedAbout() throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var system = ours(bus)) {
      var authority = new PolkitAuthority(system);

      assertEquals(
          Verdict.ALLOWED, authority.decide(new Caller.OnSocket(1, 0, 0), CHECK, DETAILS, false));
      if (Stranger.isRoot()) {
        try (var root =
            BusConnection.open(List.of(bus.address()), new BusConnection.Receiver() {})) {
          assertEquals(
              Verdict.ALLOWED,
              authority.decide(new Caller.OnBus(root.uniqueName()), CHECK, DETAILS, false));
        }
      }
    }
  }

  @Test
  void whereThereIsNoPolkitNobodyElseMay() throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var system = ours(bus);
        var stranger = Stranger.on(bus)) {
      var authority = new PolkitAuthority(system);

      assertEquals(
          Verdict.UNAVAILABLE,
          authority.decide(new Caller.OnBus(stranger.name()), CHECK, DETAILS, false));
      assertEquals(
          Verdict.UNAVAILABLE,
          authority.decide(new Caller.OnSocket(42, 1000, 77), CHECK, DETAILS, true));
    }
  }

  @Test
  void withoutABusNobodyElseMay() throws Exception {
    var authority = new PolkitAuthority(new SystemBus(List.of(), _ -> {}));

    assertEquals(
        Verdict.UNAVAILABLE,
        authority.decide(new Caller.OnSocket(42, 1000, 77), CHECK, DETAILS, false));
    assertEquals(
        Verdict.ALLOWED, authority.decide(new Caller.OnSocket(42, 0, 77), CHECK, DETAILS, false));
  }

  @Test
  void aQuestionIsWithdrawnWhenTheCallerHasGone() throws Exception {
    var polkit = new FakePolkit();
    try (var bus = PrivateBus.in(directory, "");
        var _ = polkit.on(bus);
        var system = ours(bus);
        var stranger = Stranger.on(bus)) {
      var caller = new Caller.OnBus(stranger.name());
      var verdict = new CompletableFuture<Verdict>();
      Thread.ofVirtual()
          .start(() -> {
            try {
              verdict.complete(new PolkitAuthority(system).decide(caller, CHECK, DETAILS, true));
            } catch (InterruptedException e) {
              verdict.completeExceptionally(e);
            }
          });
      List<Object> asked = polkit.asked.take();
      assertEquals(new UInt32(1), asked.get(3), "the user may be asked");
      assertFalse(polkit.withdrawn.isDone());

      stranger.leave();

      assertEquals(asked.get(4), polkit.withdrawn.get());
      assertEquals(Verdict.DENIED, verdict.get());
    }
  }

  @Test
  void whoHasGoneAlreadyMayNothing() throws Exception {
    var polkit = new FakePolkit();
    try (var bus = PrivateBus.in(directory, "");
        var _ = polkit.on(bus);
        var system = ours(bus)) {
      var authority = new PolkitAuthority(system);

      assertEquals(
          Verdict.DENIED, authority.decide(new Caller.OnBus(":1.999"), CHECK, DETAILS, true));
      assertTrue(polkit.asked.isEmpty());
    }
  }
}
