package org.particleos.update.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A worker looks into the image, and its end says what it saw. */
class ImageLooksTest {
  private static final Path IMAGE = Path.of("/var/lib/extensions/a.raw");

  private final FakeWorkers workers = new FakeWorkers();
  private final ImageLooks looks = new ImageLooks(new Jobs(workers));

  private static <T> FutureTask<T> asking(Callable<T> question) {
    var asked = new FutureTask<>(question);
    Thread.ofPlatform().daemon().start(asked);
    return asked;
  }

  private FutureTask<Boolean> look() {
    return asking(() -> looks.holdsDefaultComponent(IMAGE));
  }

  private static boolean seen(FutureTask<Boolean> look) throws Exception {
    return look.get(30, TimeUnit.SECONDS);
  }

  private static String failure(FutureTask<Boolean> look) {
    var failed = assertThrows(ExecutionException.class, () -> seen(look));
    return String.valueOf(assertInstanceOf(IOException.class, failed.getCause()).getMessage());
  }

  @Test
  void anImageWhoseVersionsCanBeListedHoldsAComponent() throws Exception {
    FutureTask<Boolean> look = look();
    FakeWorkers.Played worker = workers.next();
    worker.says("{'all':[]}").ends(0);

    assertTrue(seen(look));
    assertEquals(
        List.of("--root=", "--image=" + IMAGE, "--offline", "list"),
        worker.arguments().subList(2, 6));
  }

  @Test
  void oneWithoutTransfersHoldsNone() throws Exception {
    FutureTask<Boolean> look = look();
    workers
        .next()
        .says(
            "{'event':'failed','exitStatus':6,'kind':'CONFIGURATION','reason':'NO_DEFINITIONS',"
                + "'message':'no transfer definitions found','remedy':''}")
        .ends(6);

    assertFalse(seen(look));
  }

  @Test
  void oneThatCannotBeMountedIsNotTakenForEmpty() throws Exception {
    FutureTask<Boolean> look = look();
    workers
        .next()
        .says(
            "{'event':'failed','exitStatus':6,'kind':'CONFIGURATION',"
                + "'reason':'IMAGE_NOT_ACCEPTED','message':'refused an image','remedy':''}")
        .ends(6);

    assertTrue(failure(look).contains("refused an image"));
  }

  @Test
  void aWorkerThatDiesSawNothing() throws Exception {
    FutureTask<Boolean> look = look();
    workers.next().ends(137);

    assertTrue(failure(look).contains("137"));
  }

  @Test
  void withoutAWorkerNobodyLooks() {
    workers.exhaust();

    String failure = failure(look());
    assertTrue(failure.contains("failed to start a worker"), failure);
  }
}
