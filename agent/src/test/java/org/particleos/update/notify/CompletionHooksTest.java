package org.particleos.update.notify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.version.Version;

class CompletionHooksTest {
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Duration SHORT = Duration.ofMillis(200);
  private static final Completion DONE =
      new Completion(
          Optional.empty(),
          Optional.of(new Version("42")),
          List.of(
              new Completion.Resource("50-usr", "/dev/vda2"),
              new Completion.Resource("60-uki", "/efi/EFI/Linux/os_42.efi")));

  @TempDir private Path directory;
  private final List<Subscriber> subscribers = new ArrayList<>();

  @AfterEach
  void close() throws IOException {
    for (var subscriber : subscribers) {
      subscriber.close();
    }
  }

  private Subscriber subscriber(String name, Subscriber.Answer answer) throws IOException {
    var subscriber = Subscriber.at(directory.resolve(name), answer);
    subscribers.add(subscriber);
    return subscriber;
  }

  private List<String> call(Duration wait, Completion completion) {
    return new CompletionHooks(directory, wait).call(completion);
  }

  @Test
  void aHookLearnsWhatWasInstalled() throws Exception {
    var subscriber = subscriber("a", Subscriber.saying("{}\0"));

    assertEquals(List.of(), call(LONG, DONE));

    assertEquals(
        "{\"method\":\"io.systemd.SysUpdate.Notify.OnCompletedUpdate\",\"parameters\":"
            + "{\"version\":\"42\",\"resources\":["
            + "{\"transfer\":\"50-usr\",\"path\":\"/dev/vda2\"},"
            + "{\"transfer\":\"60-uki\",\"path\":\"/efi/EFI/Linux/os_42.efi\"}]}}",
        subscriber.request());
  }

  @Test
  void aComponentIsNamedAndAnEmptyRunHasNoVersion() throws Exception {
    var subscriber = subscriber("a", Subscriber.saying("{\"parameters\":{}}\0"));

    assertEquals(List.of(), call(LONG, Completion.empty(Optional.of("extra"))));

    assertTrue(
        subscriber.request().endsWith("\"parameters\":{\"component\":\"extra\"}}"), "parameters");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"error":"io.systemd.System","parameters":{"errno":5}} | reported the error "io.systemd.System"
          {"error":7}   | has an error that is no name
          not json      | is no JSON
          []            | is no JSON object
          """)
  void aReplyThatIsNoSuccessIsAWarning(String reply, String warning) throws Exception {
    subscriber("a", Subscriber.saying(reply + "\0"));

    var warnings = call(LONG, DONE);

    assertEquals(1, warnings.size());
    assertTrue(warnings.getFirst().contains(warning), warnings.getFirst());
    assertTrue(warnings.getFirst().contains(directory.resolve("a").toString()));
  }

  @Test
  void aNullErrorIsNone() throws Exception {
    subscriber("a", Subscriber.saying("{\"error\":null,\"parameters\":{}}\0"));

    assertEquals(List.of(), call(LONG, DONE));
  }

  @Test
  void anEmptyReplyIsAWarning() throws Exception {
    subscriber("a", Subscriber.saying("\0"));

    assertTrue(call(LONG, DONE).getFirst().contains("is no JSON object"));
  }

  @Test
  void aClosedConnectionIsAWarning() throws Exception {
    subscriber("a", Subscriber.SILENCE);

    assertEquals(1, call(LONG, DONE).size());
  }

  @Test
  void aReplyCutShortIsAWarning() throws Exception {
    subscriber("a", Subscriber.saying("{"));

    assertTrue(call(LONG, DONE).getFirst().contains("before the end"));
  }

  @Test
  void aReplyWithoutEndIsReadUpToALimit() throws Exception {
    subscriber("a", Subscriber.saying(" ".repeat(VarlinkCall.REPLY_BYTES_MAX + 1)));

    assertTrue(call(LONG, DONE).getFirst().contains("longer than"));
  }

  @Test
  void aHookThatNeverAnswersIsGivenUpAndDoesNotHideTheOthers() throws Exception {
    subscriber("a", Subscriber.NEVER);
    var other = subscriber("b", Subscriber.saying("{}\0"));

    var warnings = call(SHORT, DONE);

    assertEquals(1, warnings.size());
    assertTrue(warnings.getFirst().contains("did not reply within"), warnings.getFirst());
    assertTrue(other.request().contains("OnCompletedUpdate"));
  }

  @Test
  void allHooksAreCalledAtTheSameTime() throws Exception {
    // Nobody answers before everybody was asked.
    var everybody = new CyclicBarrier(5);
    for (int i = 0; i < 5; i++) {
      subscriber(
          "hook" + i,
          connection -> {
            try {
              everybody.await();
            } catch (Exception broken) {
              throw new IOException(broken);
            }
            Subscriber.saying("{}\0").to(connection);
          });
    }

    assertEquals(List.of(), call(LONG, DONE));
  }

  @Test
  void aLinkToASocketIsCalledAndOneToNowhereIsAWarning(@TempDir Path elsewhere) throws Exception {
    var subscriber = Subscriber.at(elsewhere.resolve("socket"), Subscriber.saying("{}\0"));
    subscribers.add(subscriber);
    Files.createSymbolicLink(directory.resolve("good"), elsewhere.resolve("socket"));
    Files.createSymbolicLink(directory.resolve("bad"), elsewhere.resolve("nothing"));

    var warnings = call(LONG, DONE);

    assertTrue(subscriber.request().contains("OnCompletedUpdate"));
    assertEquals(1, warnings.size());
    assertTrue(warnings.getFirst().contains("bad"), warnings.getFirst());
  }

  @Test
  void otherFilesAndDirectoriesAreNotCalled() throws Exception {
    Files.createFile(directory.resolve("file"));
    Files.createDirectory(directory.resolve("folder"));

    assertEquals(List.of(), call(LONG, DONE));
  }

  @Test
  void withoutADirectoryThereAreNoHooks() {
    directory = directory.resolve("missing");

    assertEquals(List.of(), call(LONG, DONE));
  }

  @Test
  void aSocketNobodyListensOnIsAWarning() throws Exception {
    subscriber("a", Subscriber.SILENCE).close();

    assertEquals(1, call(LONG, DONE).size());
  }

  @Test
  void noMoreHooksAreCalledThanTheLimit() throws Exception {
    for (int i = 0; i <= CompletionHooks.HOOKS_MAX; i++) {
      Files.createSymbolicLink(directory.resolve(String.format("hook%03d", i)), Path.of("nowhere"));
    }

    var warnings = call(LONG, DONE);

    assertEquals(1 + CompletionHooks.HOOKS_MAX, warnings.size());
    assertTrue(warnings.getFirst().contains("256"), warnings.getFirst());
    assertTrue(warnings.stream().noneMatch(warning -> warning.contains("hook255")));
  }

  @Test
  void anInterruptEndsTheWaitAndStaysSet() throws Exception {
    subscriber("a", Subscriber.NEVER);
    Thread.currentThread().interrupt();

    var warnings = call(LONG, DONE);

    assertTrue(Thread.interrupted());
    assertTrue(warnings.getFirst().contains("interrupted"));
  }

  @Test
  void resourcesWithoutAVersionAreABrokenInvariant() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new Completion(Optional.empty(), Optional.empty(), DONE.resources()));
  }
}
