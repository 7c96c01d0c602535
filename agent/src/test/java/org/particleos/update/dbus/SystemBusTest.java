package org.particleos.update.dbus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.particleos.update.dbus.Interface.arg;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.UInt64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.dbus.Interface.Change;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

@Timeout(120) // of what hangs
class SystemBusTest {
  private static final String NAME = "com.example.Shop";
  private static final String PATH = "/com/example/Shop";
  private static final String ITEMS = PATH + "/items";
  private static final String SHOP = "com.example.Shop1";
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** The bus has limits of its own: 128 unless it is configured otherwise. */
  private static final int REPLIES_PER_CONNECTION_MAX = 100;

  @TempDir private Path directory;

  private final BlockingQueue<String> warnings = new LinkedBlockingQueue<>();

  /** Something with all kinds of members. */
  private static final class Shop {
    private final CountDownLatch open = new CountDownLatch(1);
    private final Semaphore waiting = new Semaphore(0);
    private volatile String sign = "closed";
  }

  private static final Interface<Shop> INTERFACE =
      Interface.<Shop>named(SHOP)
          .method(
              "Sell",
              List.of(arg("item", "s"), arg("count", "t")),
              List.of(arg("bill", "a(sut)"), arg("vendor", "o"), arg("names", "as")),
              (_, call) ->
                  List.of(
                      List.<Object[]>of(
                          new Object[] {
                            call.text(0), new UInt32(7), new UInt64(call.unsigned(1) >>> 1)
                          }),
                      PATH,
                      List.of()))
          .method(
              "Wait",
              List.of(),
              List.of(),
              (shop, _) -> {
                shop.waiting.release();
                shop.open.await();
                return List.of();
              })
          .method(
              "Refuse",
              List.of(),
              List.of(),
              (_, _) -> {
                throw UpdateException.because(Reason.LOCK_HELD, "refused to sell")
                    .found("a queue")
                    .state("nothing was sold")
                    .remedy("wait")
                    .busy();
              })
          .method(
              "Break",
              List.of(),
              List.of(arg("what", "s")),
              (_, _) -> {
                throw new IllegalStateException("broken");
              })
          .property("Name", "s", Change.CONSTANT, _ -> "Corner")
          .property(
              "Sign",
              "s",
              Change.SIGNALLED,
              shop -> shop.sign,
              (shop, value, _) -> shop.sign = (String) value)
          .signal("Sold", arg("item", "s"), arg("count", "t"))
          .build();

  private final Shop shop = new Shop();
  private final Served<Shop> served = new Served<>(INTERFACE, shop);

  private SystemBus serving(PrivateBus bus) throws Exception {
    var system = new SystemBus(List.of(bus.address()), warnings::add);
    prepare(system);
    system.open(_ -> {});
    return system;
  }

  private void prepare(SystemBus system) {
    system.export(PATH, served);
    system.export(
        ITEMS,
        new Subtree() {
          @Override
          public List<String> names() {
            return List.of("apple", "pear");
          }

          @Override
          public List<Served<?>> find(String name) {
            return names().contains(name) ? List.of(served) : List.of();
          }
        });
    system.own(NAME);
  }

  private static BusConnection client(PrivateBus bus) throws Exception {
    return BusConnection.open(List.of(bus.address()), new BusConnection.Receiver() {});
  }

  private static List<Object> call(
      BusConnection client, String interfaceName, String method, String types, Object... values)
      throws Exception {
    return client.call(
        new BusConnection.Call(NAME, PATH, interfaceName, method, types, values), PATIENCE);
  }

  private static BusException refused(
      BusConnection client, String interfaceName, String method, String types, Object... values) {
    return assertThrows(
        BusException.class, () -> call(client, interfaceName, method, types, values));
  }

  @Test
  void aMethodIsCalledByOthersPrograms() throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var _ = serving(bus)) {
      var tool = new BusTool(bus.address());

      assertEquals(
          "a(sut)oas 1 \"apple\" 7 9223372036854775807 \"/com/example/Shop\" 0",
          tool.busctl("call", NAME, PATH, SHOP, "Sell", "st", "apple", "18446744073709551615")
              .succeeded());
      assertEquals(
          "([('apple', uint32 7, uint64 3)], objectpath '/com/example/Shop', @as [])",
          tool.gdbus(
                  "call",
                  "--dest",
                  NAME,
                  "--object-path",
                  PATH,
                  "--method",
                  SHOP + ".Sell",
                  "apple",
                  "uint64 6")
              .succeeded());
    }
  }

  @Test
  void anObjectDescribesItselfWithTheNamesOfArguments() throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var _ = serving(bus)) {
      var tool = new BusTool(bus.address());

      String description =
          tool.gdbus("introspect", "--dest", NAME, "--object-path", PATH).succeeded();

      assertTrue(description.contains("Sell(in  s item,"), description);
      assertTrue(description.contains("out a(sut) bill,"), description);
      assertTrue(description.contains("Sold(s item,"), description);
      assertTrue(description.contains("readonly s Name = 'Corner';"), description);
      assertTrue(description.contains("readwrite s Sign = 'closed';"), description);
      assertTrue(description.contains("interface org.freedesktop.DBus.Properties"), description);
    }
  }

  @Test
  void theWholeTreeCanBeWalked() throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var _ = serving(bus)) {
      String tree = new BusTool(bus.address()).busctl("tree", "--list", NAME).succeeded();

      assertEquals(
          List.of(
              "/",
              "/com",
              "/com/example",
              "/com/example/Shop",
              "/com/example/Shop/items",
              "/com/example/Shop/items/apple",
              "/com/example/Shop/items/pear"),
          tree.lines().toList());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/com/example/Other, com.example.Shop1, Wait, UnknownObject",
    "/com/example/Shop/items/plum, com.example.Shop1, Wait, UnknownObject",
    "/com/example/Shop/items/apple/core, com.example.Shop1, Wait, UnknownObject",
    "/com/example/Shop, com.example.Shop2, Wait, UnknownInterface",
    "/com/example, com.example.Shop1, Wait, UnknownInterface",
    "/com/example/Shop, com.example.Shop1, Steal, UnknownMethod",
    "/com/example/Shop, com.example.Shop1, Sold, UnknownMethod",
    "/com/example/Shop, com.example.Shop1, Sell, InvalidArgs",
    "/com/example/Shop, com.example.Shop1, Break, Failed",
  })
  void whatDoesNotExistIsNamed(String path, String interfaceName, String method, String error)
      throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var _ = serving(bus);
        var client = client(bus)) {
      var refused =
          assertThrows(
              BusException.class,
              () ->
                  client.call(
                      new BusConnection.Call(NAME, path, interfaceName, method, ""), PATIENCE));

      assertEquals("org.freedesktop.DBus.Error." + error, refused.name());
    }
  }

  @Test
  void argumentsOfOtherTypesAreRefused() throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var _ = serving(bus);
        var client = client(bus)) {
      for (String types : List.of("ss", "s", "stt", "su", "ts", "as")) {
        List<Object> values = new ArrayList<>();
        for (char type : types.replace("as", "a").toCharArray()) {
          values.add(
              switch (type) {
                case 't' -> new UInt64(1);
                case 'u' -> new UInt32(1);
                case 'a' -> List.of("x");
                default -> "x";
              });
        }
        var refused = refused(client, SHOP, "Sell", types, values.toArray());

        assertEquals(BusException.INVALID_ARGS, refused.name(), types);
        assertTrue(refused.text().contains("\"st\""), refused.text());
      }
      // The good case next to it.
      assertEquals(3, call(client, SHOP, "Sell", "st", "x", new UInt64(1)).size());
    }
  }

  @Test
  void aRefusalHasItsNameAndAllItsParts() throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var _ = serving(bus);
        var client = client(bus)) {
      var refused = refused(client, SHOP, "Refuse", "");

      assertEquals("System.Error.EBUSY", refused.name());
      assertEquals(
          "refused to sell; found: a queue; state: nothing was sold; remedy: wait", refused.text());
    }
  }

  @Test
  void propertiesAreReadAndWrittenByTheirTypes() throws Exception {
    String properties = "org.freedesktop.DBus.Properties";
    try (var bus = PrivateBus.in(directory, "");
        var _ = serving(bus);
        var client = client(bus)) {
      assertEquals(List.of("Corner"), call(client, properties, "Get", "ss", SHOP, "Name"));
      assertEquals(
          List.of(Map.of("Name", "Corner", "Sign", "closed")),
          call(client, properties, "GetAll", "s", SHOP));
      var tool = new BusTool(bus.address());
      tool.busctl("set-property", NAME, PATH, SHOP, "Sign", "s", "open").succeeded();
      assertEquals("s \"open\"", tool.busctl("get-property", NAME, PATH, SHOP, "Sign").succeeded());

      assertTrue(
          tool.busctl("set-property", NAME, PATH, SHOP, "Sign", "u", "1")
              .failed()
              .contains("of type"));
      assertTrue(
          tool.busctl("set-property", NAME, PATH, SHOP, "Name", "s", "x")
              .failed()
              .contains("can only be read"));
      assertEquals(
          BusException.UNKNOWN_PROPERTY,
          refused(client, properties, "Get", "ss", SHOP, "Smell").name());
      assertEquals(
          BusException.UNKNOWN_INTERFACE,
          refused(client, properties, "GetAll", "s", "com.example.Other").name());
    }
  }

  @Test
  void signalsReachWhoListens() throws Exception {
    BlockingQueue<SystemBus.Signal> heard = new LinkedBlockingQueue<>();
    try (var bus = PrivateBus.in(directory, "");
        var system = serving(bus);
        var ear = new SystemBus(List.of(bus.address()), warnings::add)) {
      ear.open(_ -> {});
      try (var _ = ear.listen(new SystemBus.Match(NAME, PATH, "", "", ""), heard::add)) {
        system.signal(PATH, INTERFACE, "Sold", "apple", new UInt64(2));
        assertEquals(
            new SystemBus.Signal(PATH, SHOP, "Sold", List.of("apple", new UInt64(2))),
            heard.take());

        system.changed(PATH, served, "Sign");
        assertEquals(List.of(SHOP, Map.of("Sign", "closed"), List.of()), heard.take().values());
      }
    }
  }

  @Test
  void aSignalToUsAloneIsNotBelieved() throws Exception {
    BlockingQueue<SystemBus.Signal> heard = new LinkedBlockingQueue<>();
    try (var bus = PrivateBus.in(directory, "");
        var system = serving(bus);
        var ear = new SystemBus(List.of(bus.address()), warnings::add)) {
      ear.own("com.example.Ear");
      ear.open(_ -> {});
      try (var _ = ear.listen(new SystemBus.Match(NAME, PATH, "", "", ""), heard::add)) {
        new BusTool(bus.address())
            .busctl("emit", "--destination=com.example.Ear", PATH, SHOP, "Sold", "st", "lie", "1")
            .succeeded();
        system.signal(PATH, INTERFACE, "Sold", "truth", new UInt64(1));

        assertEquals("truth", heard.take().values().getFirst());
      }
    }
  }

  @Test
  void tooManyCallsAreRefusedAndTheOthersAnswered() throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var _ = serving(bus);
        var client = client(bus);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<BusConnection> crowd = new ArrayList<>();
      List<Future<List<Object>>> waiting = new ArrayList<>();
      for (int i = 0; i < SystemBus.CALLS_MAX; i++) {
        if (i % REPLIES_PER_CONNECTION_MAX == 0) {
          crowd.add(client(bus));
        }
        BusConnection one = crowd.getLast();
        waiting.add(threads.submit(() -> call(one, SHOP, "Wait", "")));
      }
      shop.waiting.acquire(SystemBus.CALLS_MAX);

      assertEquals(BusException.LIMITS_EXCEEDED, refused(client, SHOP, "Wait", "").name());
      shop.open.countDown();
      for (var each : waiting) {
        assertEquals(List.of(), each.get());
      }
      assertEquals(List.of(), call(client, SHOP, "Wait", ""));
      crowd.forEach(BusConnection::close);
    }
  }

  @Test
  void oneUserDoesNotKeepTheOthersOut() throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var _ = serving(bus);
        var client = client(bus)) {
      assumeTrue(
          new BusTool(bus.address()).run(List.of("id", "-u")).succeeded().equals("0"),
          "only root can be two users");
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
      String wait =
          " busctl --system --timeout=60 call " + String.join(" ", NAME, PATH, SHOP, "Wait");
      var tool = new BusTool(bus.address());
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        var waiting =
            threads.submit(() ->
                tool.run(
                    asNobody(
                        "for i in $(seq "
                            + SystemBus.CALLS_PER_USER_MAX
                            + "); do"
                            + wait
                            + " & done; wait")));
        shop.waiting.acquire(SystemBus.CALLS_PER_USER_MAX);

        String refusal = tool.run(asNobody(wait)).failed();
        assertTrue(refusal.contains("too many calls of this user"), refusal);
        assertEquals(3, call(client, SHOP, "Sell", "st", "x", new UInt64(1)).size());
        shop.open.countDown();
        waiting.get().succeeded();
        tool.run(asNobody(wait)).succeeded();
      }
    }
  }

  private static List<String> asNobody(String script) {
    return List.of("setpriv", "--reuid=65534", "--clear-groups", "sh", "-c", script);
  }

  @Test
  void anEndlessArgumentIsReadOverAndRefused() throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var _ = serving(bus);
        var client = client(bus)) {
      String endless = "x".repeat(BusConnection.CALL_BYTES_MAX);

      assertEquals(
          BusException.LIMITS_EXCEEDED,
          refused(client, SHOP, "Sell", "st", endless, new UInt64(1)).name());
      String longest = endless.substring(64);
      assertEquals(3, call(client, SHOP, "Sell", "st", longest, new UInt64(1)).size());
    }
  }

  @Test
  void afterTheBusWasRestartedEverythingIsThereAgain() throws Exception {
    BlockingQueue<SystemBus.Signal> heard = new LinkedBlockingQueue<>();
    try (var first = PrivateBus.in(directory, "")) {
      var system = new SystemBus(List.of(first.address()), warnings::add);
      BlockingQueue<String> lost = new LinkedBlockingQueue<>();
      prepare(system);
      system.listen(new SystemBus.Match("", PATH, SHOP, "", ""), heard::add);
      system.open(lost::add);
      first.stop();
      assertEquals("the connection to the message bus ended", lost.take());
      system.close();
      var missing = assertThrows(BusException.class, () -> system.user(":1.1"));
      assertEquals(BusException.DISCONNECTED, missing.name());
      system.signal(PATH, INTERFACE, "Sold", "to nobody", new UInt64(2));

      try (var second = PrivateBus.in(directory, "")) {
        system.open(lost::add);
        assertEquals(
            "s \"Corner\"",
            new BusTool(second.address())
                .busctl("get-property", NAME, ITEMS + "/pear", SHOP, "Name")
                .succeeded());
        system.signal(PATH, INTERFACE, "Sold", "apple", new UInt64(2));
        assertEquals("apple", heard.take().values().getFirst());
        assertTrue(lost.isEmpty());
      }
    }
  }

  @Test
  void aNameThatSomebodyElseHasIsTakenWhenItIsFree() throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var other = client(bus)) {
      other.ask("RequestName", "su", NAME, new UInt32(0));
      try (var _ = serving(bus);
          var client = client(bus)) {
        assertTrue(warnings.take().contains(NAME));
        other.ask("ReleaseName", "s", NAME);

        assertEquals(3, call(client, SHOP, "Sell", "st", "x", new UInt64(1)).size());
      }
    }
  }

  @Test
  void withoutABusItIsSaid() throws Exception {
    String address = "unix:path=" + directory.resolve("bus");
    try (var system = new SystemBus(List.of(address), warnings::add)) {
      assertThrows(IOException.class, () -> system.open(_ -> {}));

      try (var _ = PrivateBus.in(directory, "")) {
        system.open(_ -> {});
      }
    }
  }

  @Test
  void aQuestionIsAnsweredWhenTheOtherEndGoes() throws Exception {
    try (var bus = PrivateBus.in(directory, "");
        var client = client(bus)) {
      SystemBus system = serving(bus);
      var failed = CompletableFuture.supplyAsync(() -> refused(client, SHOP, "Wait", "").name());
      shop.waiting.acquire();
      system.close();

      assertEquals(BusException.NO_REPLY, failed.get());
    }
  }
}
