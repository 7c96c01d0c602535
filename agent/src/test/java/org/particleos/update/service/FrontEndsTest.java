package org.particleos.update.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.update.Machine;

class FrontEndsTest {
  private final BlockingQueue<String> journal = new LinkedBlockingQueue<>();
  private final BlockingQueue<Duration> pauses = new LinkedBlockingQueue<>();
  private final Machine machine =
      Machine.running(new LinuxKernel(), InstantSource.system(), Map.of(), Path.of("/nonexistent"));
  private final FrontEnds frontEnds =
      new FrontEnds(
          new ServiceContext(
              machine,
              "test",
              new Jobs(_ -> {
                throw new IOException("no workers here");
              }),
              new Targets(machine, _ -> false, _ -> {}),
              new NoAgent(),
              new Log((level, message, _) -> journal.add(level.text() + " " + message))),
          pauses::add);

  @AfterEach
  void close() throws InterruptedException {
    frontEnds.close();
  }

  /** Fails so often, then runs until it is told to be lost. */
  private static final class Fragile implements FrontEnd {
    private final BlockingQueue<Lost> running = new LinkedBlockingQueue<>();
    private final List<String> calls = new ArrayList<>();
    private int failures;

    Fragile(int failures) {
      this.failures = failures;
    }

    @Override
    public String name() {
      return "Fragile";
    }

    @Override
    public synchronized void start(ServiceContext context, Lost lost) throws IOException {
      calls.add("start");
      if (failures-- > 0) {
        throw new IOException("nobody is there");
      }
      running.add(lost);
    }

    @Override
    public synchronized void close() {
      calls.add("close");
    }

    synchronized List<String> calls() {
      return List.copyOf(calls);
    }
  }

  @Test
  void whatCannotBeStartedIsTriedAgainAfterLongerWaitsAndComplainedOfOnce() throws Exception {
    var fragile = new Fragile(3);

    frontEnds.add(fragile);
    fragile.running.take();

    assertEquals(
        List.of(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(4)),
        List.copyOf(pauses));
    assertEquals(
        "warning Fragile cannot be served, and is tried again: nobody is there", journal.take());
    assertEquals("info Fragile: taking requests", journal.take());
  }

  @Test
  void whatIsLostIsClosedAndStartedAgain() throws Exception {
    var fragile = new Fragile(0);
    frontEnds.add(fragile);

    fragile.running.take().because("the bus is gone");
    fragile.running.take();

    assertEquals(List.of("start", "close", "start"), fragile.calls());
    assertEquals("info Fragile: taking requests", journal.take());
    assertEquals("warning Fragile is lost: the bus is gone", journal.take());
  }

  @Test
  void whatRunsIsClosedWithTheDaemon() throws Exception {
    var fragile = new Fragile(0);
    frontEnds.add(fragile);
    fragile.running.take();

    frontEnds.close();

    assertEquals(List.of("start", "close"), fragile.calls());
  }

  @Test
  void aMessageStaysOnOneLineAndBelowTheThresholdNothingIsWritten() throws Exception {
    var log = new Log((level, message, _) -> journal.add(level.text() + " " + message));

    log.debug("not wanted");
    log.notice("version \"1\n<0>2\u001b[31m\"");
    log.threshold(Log.Level.DEBUG);
    log.debug("wanted");

    assertEquals("notice version \"1\\u{a}<0>2\\u{1b}[31m\"", journal.take());
    assertEquals("debug wanted", journal.take());
    assertTrue(journal.isEmpty());
  }
}
