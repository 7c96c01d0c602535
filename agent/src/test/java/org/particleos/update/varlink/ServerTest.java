package org.particleos.update.varlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.linux.UnixListener;

/** The protocol and its limits, with methods that a test plays. */
@Timeout(value = 60, unit = TimeUnit.SECONDS) // where something is waited for that never comes
class ServerTest {
  private static final Limits LIMITS =
      new Limits(2048, 6, 4, Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMinutes(1));
  private static final String WAIT = "{'method':'org.example.test.Wait'}";

  @TempDir private Path home;
  private final List<String> warnings = new ArrayList<>();
  private final Semaphore waiting = new Semaphore(0);
  private final Semaphore go = new Semaphore(0);
  private final BlockingQueue<String> gone = new LinkedBlockingQueue<>();
  private final AtomicInteger streamed = new AtomicInteger();
  private final List<Client> clients = new ArrayList<>();
  private @Nullable Server server;

  private Path socket() {
    return home.resolve("socket");
  }

  private void serve(Limits limits) throws IOException {
    var test =
        new VarlinkInterface(
            "org.example.test",
            "interface org.example.test\n",
            Map.of(
                "Echo", this::echo,
                "Wait", this::waits,
                "Count", this::count,
                "Break", this::breaks));
    var started =
        new Server(
            UnixListener.bind(socket(), 0600),
            new VarlinkService("7", List.of(test)),
            limits,
            System::nanoTime,
            warnings::add,
            warnings::add);
    started.start();
    server = started;
  }

  private ObjectNode echo(Exchange exchange) throws CallException {
    var parameters = Parameters.of(exchange.call(), Set.of("text", "times"));
    String text = parameters.text("text");
    return Reply.parameters().put("text", text);
  }

  private ObjectNode waits(Exchange exchange) throws InterruptedException {
    var _ = exchange.gone().thenRun(() -> gone.add("gone"));
    waiting.release();
    go.acquire();
    return Reply.parameters();
  }

  /** Counts as long as anybody is there, each number some kilobytes long. */
  private ObjectNode count(Exchange exchange) throws InterruptedException {
    while (!exchange.gone().isDone()) {
      exchange.sendMore(
          Reply.parameters().put("n", streamed.incrementAndGet()).put("fill", "x".repeat(8000)));
    }
    gone.add("count");
    return Reply.parameters();
  }

  private ObjectNode breaks(Exchange exchange) {
    throw new IllegalStateException("on purpose");
  }

  private Client client() throws IOException {
    Client client = Client.at(socket());
    clients.add(client);
    return client;
  }

  private static String echo(String text) {
    return "{'method':'org.example.test.Echo','parameters':{'text':'%s'}}".formatted(text);
  }

  private static String echoed(String text) {
    return "{\"parameters\":{\"text\":\"" + text + "\"}}";
  }

  @AfterEach
  void end() throws IOException {
    go.release(1000);
    for (Client client : clients) {
      client.close();
    }
    if (server != null) {
      server.close();
    }
  }

  @Test
  void aCallGetsItsReply() throws Exception {
    serve(LIMITS);

    assertEquals(echoed("hello"), client().asks(echo("hello")));
  }

  @Test
  void callsThatWereSentAheadAreAnsweredInTheirOrder() throws Exception {
    serve(LIMITS);
    Client client = client();
    for (int i = 0; i < 500; i++) {
      client.says(echo("" + i));
    }

    for (int i = 0; i < 500; i++) {
      assertEquals(echoed("" + i), client.hears());
    }
  }

  @Test
  void aCallMayArriveByteByByte() throws Exception {
    serve(LIMITS);
    Client client = client();
    for (byte each : (echo("slow").replace('\'', '"') + "\0").getBytes(StandardCharsets.UTF_8)) {
      client.sends(new byte[] {each});
    }

    assertEquals(echoed("slow"), client.hears());
  }

  @Test
  void oneWayIsDoneAndNotAnswered() throws Exception {
    serve(LIMITS);
    Client client = client();

    client.says("{'method':'org.example.test.Wait','oneway':true}");
    waiting.acquire();
    go.release();

    assertEquals(echoed("next"), client.asks(echo("next")));
    client.says("{'method':'org.example.test.Nothing','oneway':true}");
    assertEquals(echoed("last"), client.asks(echo("last")));
  }

  @Test
  void whoSaysNothingMoreStillHearsEverything() throws Exception {
    serve(LIMITS);
    Client client = client();
    client.says(echo("1")).says(WAIT).says(echo("2")).saysNothingMore();
    waiting.acquire();
    go.release();

    assertEquals(echoed("1"), client.hears());
    assertEquals("{\"parameters\":{}}", client.hears());
    assertEquals(echoed("2"), client.hears());
    assertTrue(client.hearsNothingMore());
  }

  @Test
  void theServiceDescribesItself() throws Exception {
    serve(LIMITS);
    Client client = client();

    var info = client.says("{'method':'org.varlink.service.GetInfo'}").hearsJson();
    assertEquals("particle-update", info.at("/parameters/product").asText());
    assertEquals("7", info.at("/parameters/version").asText());
    assertEquals(
        "[\"org.example.test\",\"org.varlink.service\"]",
        info.at("/parameters/interfaces").toString());
    String ask =
        "{'method':'org.varlink.service.GetInterfaceDescription','parameters':{'interface':'%s'}}";
    assertEquals(
        "{\"parameters\":{\"description\":\"interface org.example.test\\n\"}}",
        client.asks(ask.formatted("org.example.test")));
    assertEquals(
        "{\"error\":\"org.varlink.service.InterfaceNotFound\","
            + "\"parameters\":{\"interface\":\"org.example\"}}",
        client.asks(ask.formatted("org.example")));
  }

  @Test
  void whatIsNotThereIsNamed() throws Exception {
    serve(LIMITS);
    Client client = client();

    assertEquals(
        "{\"error\":\"org.varlink.service.InterfaceNotFound\","
            + "\"parameters\":{\"interface\":\"org.example\"}}",
        client.asks("{'method':'org.example.Echo'}"));
    assertEquals(
        "{\"error\":\"org.varlink.service.MethodNotFound\","
            + "\"parameters\":{\"method\":\"org.example.test.echo\"}}",
        client.asks("{'method':'org.example.test.echo'}"));
    assertEquals(
        "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":\"?\\u0000\"}}",
        client.asks("{'method':'\\ud800\\u0000'}"));
    assertEquals(
        "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"text\"}}",
        client.asks("{'method':'org.example.test.Echo'}"));
    assertEquals(
        "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"tex\"}}",
        client.asks("{'method':'org.example.test.Echo','parameters':{'text':'a','tex':'b'}}"));
    assertEquals(
        "{\"error\":\"org.varlink.service.InvalidParameter\","
            + "\"parameters\":{\"parameter\":\"parameters\"}}",
        client.asks("{'method':'org.example.test.Echo','parameters':['text']}"));
    assertEquals(echoed("still here"), client.asks(echo("still here")));
  }

  @Test
  void nobodyGetsToSpeakSomethingElse() throws Exception {
    serve(LIMITS);

    assertEquals(
        "{\"error\":\"org.varlink.service.MethodNotImplemented\","
            + "\"parameters\":{\"method\":\"org.example.test.Echo\"}}",
        client()
            .asks("{'method':'org.example.test.Echo','upgrade':true,'parameters':{'text':'a'}}"));
  }

  @Test
  void aMistakeInOneCallEndsNothing() throws Exception {
    serve(LIMITS);
    Client client = client();

    assertEquals(
        "{\"error\":\"io.systemd.System\","
            + "\"parameters\":{\"origin\":\"linux\",\"errno\":5,\"errnoName\":\"EIO\"}}",
        client.asks("{'method':'org.example.test.Break'}"));
    assertEquals(echoed("on"), client.asks(echo("on")));
    assertEquals(1, warnings.size());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hello\0",
        "\0",
        "{}\0",
        "[[[[[[[[[[[[\0",
        "{\"method\":\"org.example.test.Echo\",\"more\":3}\0",
        "\u0000\u0000\u0000",
      })
  void whatIsNoCallEndsTheConnectionAfterTheRepliesBefore(String garbage) throws Exception {
    serve(LIMITS);
    Client other = client();
    Client client = client();
    client.says(echo("before")).sends(garbage.getBytes(StandardCharsets.UTF_8));

    assertEquals(echoed("before"), client.hears());
    assertTrue(client.hearsNothingMore());
    assertEquals(echoed("other"), other.asks(echo("other")));
    assertEquals(List.of(), warnings);
  }

  @Test
  void aMessageThatIsTooLongEndsTheConnectionBeforeItsEnd() throws Exception {
    serve(LIMITS);
    String longest = "x".repeat(LIMITS.messageBytesMax() - echo("").length());
    Client good = client();
    assertEquals(echoed(longest), good.asks(echo(longest)));

    Client bad = client();
    assertThrows(
        IOException.class,
        () -> {
          while (true) { // until it is refused
            bad.sends("x".repeat(1000).getBytes(StandardCharsets.UTF_8));
          }
        });
    assertEquals(echoed("other"), good.asks(echo("other")));
  }

  @Test
  void whatWasOnlyBegunIsNothing() throws Exception {
    serve(LIMITS);
    Client client = client();
    client.sends("{\"method\":\"org.example".getBytes(StandardCharsets.UTF_8)).saysNothingMore();

    assertTrue(client.hearsNothingMore());
  }

  @Test
  void whoDoesNotReadHoldsUpNobodyAndNothingPilesUp() throws Exception {
    serve(LIMITS);
    Client slow = client();
    slow.says("{'method':'org.example.test.Count','more':true}");
    assertEquals(1, slow.hearsJson().at("/parameters/n").asInt());

    // Other calls are answered whatever the slow one does.
    Client other = client();
    for (int i = 0; i < 100; i++) {
      assertEquals(echoed("" + i), other.asks(echo("" + i)));
    }

    // It stops at what fits into the socket and one more, of numbers without end.
    slow.close();
    assertEquals("count", gone.take());
    assertTrue(streamed.get() < 1000, streamed + " replies were made for nobody");
  }

  @Test
  void whoTakesNoReplyForTooLongIsLeft() throws Exception {
    serve(
        new Limits(
            2048, 6, 4, Duration.ofMinutes(1), Duration.ofMillis(100), Duration.ofMinutes(1)));
    Client slow = client();

    slow.says("{'method':'org.example.test.Count','more':true}");

    assertEquals("count", gone.take());
  }

  @Test
  void aCallThatIsNotFinishedInTimeIsNotWaitedFor() throws Exception {
    serve(
        new Limits(
            2048, 6, 4, Duration.ofMillis(100), Duration.ofMinutes(1), Duration.ofMinutes(1)));
    Client idle = client();
    Client slow = client();

    slow.sends("{\"method\"".getBytes(StandardCharsets.UTF_8));

    assertTrue(slow.hearsNothingMore());
    assertEquals(echoed("idle"), idle.asks(echo("idle")));
  }

  @Test
  void whoHasNothingToSayForTooLongIsLeftButNotWhoWaits() throws Exception {
    serve(
        new Limits(
            2048, 6, 4, Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMillis(100)));
    Client waits = client();
    waits.says(WAIT);
    waiting.acquire();
    Client idle = client();

    assertTrue(idle.hearsNothingMore());
    go.release();
    assertEquals("{\"parameters\":{}}", waits.hears());
  }

  @Test
  void oneUserHasOnlySoManyConnections() throws Exception {
    serve(LIMITS);
    for (int i = 0; i < LIMITS.clientsPerUserMax(); i++) {
      assertEquals(echoed("a"), client().asks(echo("a")));
    }

    assertTrue(client().hearsNothingMore());

    clients.getFirst().close();
    clients.get(1).asks(echo("b")); // by now the server has seen that
    assertEquals(echoed("c"), client().asks(echo("c")));
  }

  @Test
  void aCallTakesItsPlaceUntilItIsOverAlsoWhenItsClientIsGone() throws Exception {
    serve(LIMITS);
    for (int i = 0; i < LIMITS.clientsPerUserMax(); i++) {
      Client client = client();
      client.says(WAIT);
      waiting.acquire();
      client.close();
      assertEquals("gone", gone.take());
    }

    assertTrue(client().hearsNothingMore());

    go.release(LIMITS.clientsPerUserMax());
    awaitPlace();
  }

  /** Until the server has noticed that a call is over; each try is answered at once. */
  private void awaitPlace() throws IOException {
    while (true) {
      try (Client client = Client.at(socket())) {
        client.asks(echo("a"));
        return;
      } catch (IOException full) {
        Thread.onSpinWait();
      }
    }
  }

  @Test
  void whenAllPlacesAreTakenTheOneThatWasIdleLongestGivesWay() throws Exception {
    serve(
        new Limits(
            2048, 3, 10, Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMinutes(1)));
    Client busy = client();
    busy.says(WAIT);
    waiting.acquire();
    Client older = client();
    older.asks(echo("a"));
    Client newer = client();
    newer.asks(echo("b"));

    Client another = client();

    assertEquals(echoed("c"), another.asks(echo("c")));
    assertTrue(older.hearsNothingMore());
    assertEquals(echoed("d"), newer.asks(echo("d")));
    go.release();
    assertEquals("{\"parameters\":{}}", busy.hears());
  }

  @Test
  void manyClientsAreServedSideBySide() throws Exception {
    serve(
        new Limits(
            2048, 128, 128, Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMinutes(1)));
    List<Client> many = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      many.add(client());
    }
    for (int round = 0; round < 5; round++) {
      for (int i = 0; i < many.size(); i++) {
        many.get(i).says(echo(round + "." + i));
      }
      for (int i = many.size() - 1; i >= 0; i--) {
        assertEquals(echoed(round + "." + i), many.get(i).hears());
      }
    }
  }

  @Test
  void arbitraryBytesNeverEndTheService() throws Exception {
    serve(LIMITS);
    Client witness = client();
    byte[] good = (echo("x").replace('\'', '"') + "\0").getBytes(StandardCharsets.UTF_8);
    for (long seed = 0; seed < 300; seed++) {
      var random = new Random(seed);
      byte[] bytes = good.clone();
      for (int i = 1 + random.nextInt(4); i > 0; i--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try (Client hostile = Client.at(socket())) {
        hostile.sends(bytes);
        if (random.nextBoolean()) {
          hostile.saysNothingMore();
          hostile.hears();
        }
      } catch (IOException refused) {
        // May be so.
      }
      assertEquals(echoed("here"), witness.asks(echo("here")), "seed " + seed);
    }
    assertEquals(List.of(), warnings);
  }

  @Test
  void closingEndsAllConnectionsAndTheSocket() throws Exception {
    serve(LIMITS);
    Client client = client();
    client.asks(echo("a"));
    client.says(WAIT);
    waiting.acquire();

    Objects.requireNonNull(server).close();

    assertTrue(client.hearsNothingMore());
    assertEquals("gone", gone.take());
    assertThrows(IOException.class, () -> Client.at(socket()));
    assertEquals(List.of(), warnings);
  }
}
