package org.particleos.update.fetch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.particleos.update.acquire.Bytes;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Mirrors.Mirror;
import org.particleos.update.fetch.ScriptedServer.Script;

/** A server that redirects to mirrors, and mirrors that fail in every way. */
class MirrorsTest {
  private static final byte[] FILE = Bytes.noise(8, 3_000_000);
  private static final int HALF = FILE.length / 2;

  /** Short, since tests wait for it to pass. */
  private static final HttpLimits HASTY =
      new HttpLimits(
          Duration.ofSeconds(5), Duration.ofSeconds(5), 1000, Duration.ofMillis(200), 1L << 40);

  private final FakeTiming timing = new FakeTiming();
  private final List<String> told = new ArrayList<>();
  private final HttpFetcher http =
      new HttpFetcher("test", HASTY, Map.of("no_proxy", "*")).timedBy(timing).telling(told::add);
  private final List<ScriptedServer> servers = new ArrayList<>();

  @AfterEach
  void nothingIsLeftBehind() throws Exception {
    http.close();
    for (var server : servers) {
      server.close();
    }
    assertEquals(List.of(), OwnThreads.alive());
  }

  private ScriptedServer start(Script script) throws IOException {
    var server = new ScriptedServer(script);
    servers.add(server);
    return server;
  }

  private ScriptedServer honest() throws IOException {
    // Each mirror has a name of its own for the same file.
    return start(ScriptedServer.serving(FILE, "\"mirror " + servers.size() + "\""));
  }

  /** Redirects everything to the first of the mirrors, and names all of them. */
  private ScriptedServer origin(ScriptedServer... mirrors) throws IOException {
    var head =
        new StringBuilder("HTTP/1.1 302 Go\nLocation: " + mirrors[0].uri("/mirrored/x") + "\n");
    for (int i = 0; i < mirrors.length; i++) {
      head.append(
          "Link: <%s>; rel=duplicate; pri=%d; geo=de\n"
              .formatted(mirrors[i].uri("/mirrored/x"), i + 1));
    }
    return start((_, out) -> RawServer.send(out, head + "Content-Length: 0\n\n"));
  }

  private byte[] download(ScriptedServer origin) throws UpdateException {
    try (var source = http.open(origin.uri("/x"), new Cancellation())) {
      return RangesTest.all(source);
    }
  }

  // --- one mirror fails, the next goes on

  private static Script status(int status) {
    return (_, out) -> RawServer.send(out, "HTTP/1.1 " + status + " No\nContent-Length: 0\n\n");
  }

  private static void sendHalf(OutputStream out) throws IOException {
    RawServer.send(out, "HTTP/1.1 200 OK\nContent-Length: " + FILE.length + "\n\n");
    out.write(FILE, 0, HALF);
    out.flush();
  }

  /** Ways in which a mirror fails, and from which byte on the next one has to help. */
  private record Failing(String how, int goodBytes, Script script) {}

  private static Stream<Failing> ways() {
    return Stream.of(
        new Failing("has no such file", 0, status(404)),
        new Failing("forbids it", 0, status(403)),
        new Failing("is broken", 0, status(500)),
        new Failing("hangs up", 0, (_, _) -> ScriptedServer.hangUp()),
        new Failing(
            "talks nonsense",
            0,
            (_, out) -> {
              RawServer.send(out, "SSH-2.0\n");
              ScriptedServer.hangUp();
            }),
        new Failing(
            "sends a part instead of all",
            0,
            (_, out) -> {
              RawServer.send(out, ScriptedServer.partHead(0, HALF, FILE.length, ""));
              out.write(FILE, 0, HALF);
            }),
        new Failing(
            "redirects to itself",
            0,
            (request, out) ->
                RawServer.send(
                    out,
                    "HTTP/1.1 302 Go\nLocation: " + request.path() + "\nContent-Length: 0\n\n")),
        new Failing(
            "ends early",
            HALF,
            (_, out) -> {
              sendHalf(out);
              ScriptedServer.hangUp();
            }),
        new Failing(
            "stalls",
            HALF,
            (_, out) -> {
              sendHalf(out);
              new CountDownLatch(1).await(2, TimeUnit.SECONDS);
            }));
  }

  @TestFactory
  Stream<DynamicTest> theNextMirrorGoesOnWhereOneFails() {
    return ways()
        .map(way ->
            DynamicTest.dynamicTest(
                "one mirror " + way.how(),
                () -> {
                  var bad = start(way.script());
                  var good = honest();
                  var fetcher =
                      new HttpFetcher("test", HASTY, Map.of("no_proxy", "*")).timedBy(timing);
                  try (fetcher;
                      var source = fetcher.open(origin(bad, good).uri("/x"), new Cancellation())) {
                    assertArrayEquals(FILE, RangesTest.all(source));
                  }

                  assertEquals(1, bad.requests().size());
                  assertEquals(
                      way.goodBytes() == 0
                          ? Optional.empty()
                          : Optional.of("bytes=" + way.goodBytes() + "-"),
                      good.requests().getFirst().header("Range"));
                  assertEquals(Optional.empty(), good.requests().getFirst().header("If-Range"));
                  assertEquals(List.of(), timing.pauses());
                }));
  }

  @Test
  void aMirrorWithAFileOfAnotherLengthOrTheWrongPartIsPassedOver() throws Exception {
    var broken =
        start((request, out) -> {
          sendHalf(out);
          ScriptedServer.hangUp();
        });
    var longer = start(ScriptedServer.serving(new byte[FILE.length + 1], "\"x\""));
    var elsewhere =
        start((_, out) ->
            RawServer.send(out, ScriptedServer.partHead(7, FILE.length, FILE.length, "")));
    var good = honest();

    assertArrayEquals(FILE, download(origin(broken, longer, elsewhere, good)));

    assertEquals(1, longer.requests().size());
    assertEquals(1, elsewhere.requests().size());
    assertTrue(told.getFirst().contains("going on with the mirror"), told::toString);
  }

  @Test
  void whenAllMirrorsFailTheOriginIsAskedAgain() throws Exception {
    var flaky =
        start((request, out) -> {
          if (request.number() == 0) {
            sendHalf(out);
            ScriptedServer.hangUp();
          }
          ScriptedServer.serve(request, out, FILE, "\"m\"");
        });
    var down = start(status(500));

    assertArrayEquals(FILE, download(origin(flaky, down)));

    assertEquals(List.of(Duration.ofSeconds(1)), timing.pauses());
    assertEquals(2, flaky.requests().size());
  }

  @Test
  void aMirrorThatFailedIsAvoidedForTheNextFileToo() throws Exception {
    var bad = start(status(500));
    var good = honest();
    var origin = origin(bad, good);

    download(origin);
    try (var source = http.open(origin.uri("/y"), new Cancellation())) {
      assertArrayEquals(FILE, RangesTest.all(source));
    }

    assertEquals(1, bad.requests().size());
  }

  @Test
  void withoutMirrorsOnlyTheRedirectItselfIsFollowed() throws Exception {
    var missing = start(status(404));
    var good = honest();
    var origin = origin(missing, good);

    var failure =
        assertThrows(
            UpdateException.Unreachable.class,
            () -> http.withoutMirrors().open(origin.uri("/x"), new Cancellation()));

    assertEquals(Reason.HTTP_NOT_FOUND, failure.reason());
    assertEquals(List.of(), good.requests());
    assertArrayEquals(FILE, download(origin));
  }

  @Test
  void whenNoMirrorHasTheFileItIsMissing() throws Exception {
    var origin = origin(start(status(404)), start(status(404)));

    var failure = assertThrows(UpdateException.Unreachable.class, () -> download(origin));

    assertEquals(Reason.HTTP_NOT_FOUND, failure.reason());
    assertEquals(List.of(), timing.pauses());
  }

  @Test
  void aRedirectInACircleBetweenMirrorsEndsAtTheNextOne() throws Exception {
    var addresses = new ArrayList<URI>();
    var one =
        start((_, out) ->
            RawServer.send(
                out, "HTTP/1.1 302 Go\nLocation: " + addresses.get(1) + "\nContent-Length: 0\n\n"));
    var two =
        start((_, out) ->
            RawServer.send(
                out, "HTTP/1.1 302 Go\nLocation: " + addresses.get(0) + "\nContent-Length: 0\n\n"));
    addresses.add(one.uri("/mirrored/x"));
    addresses.add(two.uri("/mirrored/x"));

    assertArrayEquals(FILE, download(origin(one, two, honest())));

    assertEquals(1, two.requests().size());
  }

  // --- lists of mirrors

  private ScriptedServer listing(ScriptedServer mirror, String list, String... links)
      throws IOException {
    return start((request, out) -> {
      if (request.path().endsWith(".meta4")) {
        byte[] bytes = list.getBytes(StandardCharsets.UTF_8);
        RawServer.send(out, "HTTP/1.1 200 OK\nContent-Length: " + bytes.length + "\n\n");
        out.write(bytes);
      } else {
        RawServer.send(
            out,
            "HTTP/1.1 302 Go\nLocation: "
                + mirror.uri("/x")
                + "\n"
                + String.join("", links)
                + "Content-Length: 0\n\n");
      }
    });
  }

  private static String metalink(long size, URI mirror) {
    return "<metalink xmlns='urn:ietf:params:xml:ns:metalink'><file name='x'><size>"
        + size
        + "</size><url priority='1'>"
        + mirror
        + "</url></file></metalink>";
  }

  @Test
  void aListOfMirrorsIsReadWhenItIsNeeded() throws Exception {
    var bad = start(status(500));
    var good = honest();
    var needed = listing(bad, metalink(FILE.length, good.uri("/x")));
    var unneeded = listing(good, "");

    assertArrayEquals(FILE, download(needed));
    assertArrayEquals(FILE, download(unneeded));

    assertEquals(
        List.of("/x", "/x.meta4"),
        needed.requests().stream().map(ScriptedServer.Request::path).toList());
    assertEquals(1, unneeded.requests().size());
  }

  @Test
  void aMirrorMustHaveTheSizeThatTheListNames() throws Exception {
    var bad = start(status(500));
    var origin = listing(bad, metalink(FILE.length + 1, honest().uri("/x")));

    var failure = assertThrows(UpdateException.Unreachable.class, () -> download(origin));

    assertEquals(Reason.HTTP_STATUS, failure.reason());
    String found = "it has 3000000 bytes, not 3000001";
    assertTrue(told.stream().anyMatch(text -> text.contains(found)), told::toString);
  }

  @Test
  void aListThatCannotBeReadIsIgnoredWithANotice() throws Exception {
    var flaky =
        start((request, out) -> {
          if (request.number() == 0) {
            ScriptedServer.hangUp();
          }
          ScriptedServer.serve(request, out, FILE, "\"m\"");
        });

    assertArrayEquals(FILE, download(listing(flaky, "<metalink", "Link: nonsense\n")));

    assertTrue(told.stream().anyMatch(text -> text.contains("no well-formed XML")), told::toString);
    assertTrue(told.stream().anyMatch(text -> text.contains("Link header")), told::toString);
  }

  // --- lies

  @Test
  void aMirrorThatLiedIsNotAskedForThatFileAgain() throws Exception {
    byte[] other = Bytes.noise(9, FILE.length);
    var liar = start(ScriptedServer.serving(other, "\"x\""));
    var origin = origin(liar, honest());
    assertArrayEquals(other, download(origin));

    assertTrue(http.distrust(origin.uri("/x")));

    assertArrayEquals(FILE, download(origin));
    assertEquals(1, liar.requests().size());
  }

  @Test
  void withoutAnotherMirrorALieIsTheEnd() throws Exception {
    var liar = start(ScriptedServer.serving(FILE, "\"x\""));
    download(liar);

    assertFalse(http.distrust(liar.uri("/x")));
    assertFalse(http.distrust(URI.create("file:/x")));
  }

  @Test
  void anOriginThatLiedIsPassedOverForItsMirror() throws Exception {
    byte[] other = Bytes.noise(9, FILE.length);
    var good = honest();
    var liar =
        start((request, out) ->
            ScriptedServer.serve(
                request, out, other, "\"x\"\nLink: <" + good.uri("/x") + ">; rel=\"duplicate\""));
    assertArrayEquals(other, download(liar));

    assertTrue(http.distrust(liar.uri("/x")));

    assertArrayEquals(FILE, download(liar));
    assertEquals(1, liar.requests().size());
  }

  // --- parts

  @Test
  void furtherPartsAreAskedForAtTheMirrorThatSentTheLast() throws Exception {
    var good = honest();
    var origin = origin(good);

    for (int from = 0; from < 50_000; from += 10_000) {
      assertArrayEquals(Arrays.copyOfRange(FILE, from, from + 5000), part(origin, from));
    }

    assertEquals(1, origin.requests().size());
    assertEquals(5, good.requests().size());
    assertEquals(0, good.requests().getLast().connection());
  }

  @Test
  void aMirrorWithoutPartsIsPassedOverForParts() throws Exception {
    var whole = RawServer.saying("HTTP/1.1 200 OK\nContent-Length: 3\n\nabc");
    try (whole) {
      var good = honest();
      var origin =
          start((_, out) ->
              RawServer.send(
                  out,
                  "HTTP/1.1 302 Go\nLocation: %s\nLink: <%s>; rel=duplicate\nContent-Length: 0\n\n"
                      .formatted(whole.uri("/x"), good.uri("/x"))));

      assertArrayEquals(Arrays.copyOfRange(FILE, 7, 5007), part(origin, 7));
    }
  }

  private byte[] part(ScriptedServer origin, int from) throws UpdateException {
    try (var part = http.openRange(origin.uri("/x"), from, from + 5000, new Cancellation())) {
      return RangesTest.all(part);
    }
  }

  // --- manifests

  @Test
  void aManifestIsTakenFromItsAddressAlone() throws Exception {
    var good = honest();
    var origin = origin(start(status(500)), good);

    assertThrows(
        UpdateException.Unreachable.class, () -> http.fetch(origin.uri("/x"), FILE.length));

    assertEquals(0, good.requests().size());
  }

  // --- what is known

  private static final URI SECURE = URI.create("https://origin.example/x");

  @Test
  void aMirrorIsNotWorseThanTheOrigin() {
    var mirrors = new Mirrors(true);
    var places =
        Stream.of(
                "https://good.example/x",
                "http://plain.example/x",
                "ftp://files.example/x",
                "https://user@login.example/x",
                "https:///x")
            .map(text -> new Mirror(URI.create(text), 1))
            .toList();

    assertEquals(4, mirrors.learn(SECURE, places).size());

    var good = Optional.of(URI.create("https://good.example/x"));
    assertEquals(good, mirrors.next(SECURE, Set.of()));
    assertEquals(Optional.empty(), mirrors.next(SECURE, Set.of(good.get())));
  }

  @Test
  void theFastestComesFirstThenTheOneThatIsRecommended() {
    var mirrors = new Mirrors(true);
    var places =
        Stream.of(1, 2, 3)
            .map(i -> new Mirror(URI.create("https://m" + i + ".example/x"), i))
            .toList();
    mirrors.learn(SECURE, places);
    assertEquals(Optional.of(places.getFirst().uri()), mirrors.next(SECURE, Set.of()));

    mirrors.measured(URI.create("https://m2.example/y"), 1000, 1_000_000);
    mirrors.measured(URI.create("https://m3.example/y"), 2000, 1_000_000);

    assertEquals(Optional.of(places.getLast().uri()), mirrors.next(SECURE, Set.of()));
    mirrors.failed(places.getLast().uri());
    assertEquals(Optional.of(places.get(1).uri()), mirrors.next(SECURE, Set.of()));
  }

  @Test
  void notMoreMirrorsThanTheLimitAreRemembered() {
    var mirrors = new Mirrors(true);
    var tried = new HashSet<URI>();
    for (int i = 0; i < 2 * Mirrors.MIRRORS_MAX; i++) {
      mirrors.learn(SECURE, List.of(new Mirror(URI.create("https://m" + i + ".example/x"), 1)));
    }

    for (var next = mirrors.next(SECURE, tried);
        next.isPresent();
        next = mirrors.next(SECURE, tried)) {
      tried.add(next.get());
    }
    assertEquals(Mirrors.MIRRORS_MAX, tried.size());
  }
}
