package org.particleos.update.varlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code org.particleos.Update1} over a socket. */
@Timeout(value = 60, unit = TimeUnit.SECONDS) // where something is waited for that never comes
class Update1Test {
  private static final String PROGRESS =
      "{'event':'progress','transfer':'10-os','all':{'fetched':%d,'reused':5,'written':1,"
          + "'total':100,'rate':7,'secondsLeft':3}}";

  @TempDir private Path home;
  private ServedSystem system;
  private Client client;

  @BeforeEach
  void begin() throws IOException {
    system = ServedSystem.at(home).updates("");
    client = system.client();
  }

  @AfterEach
  void end() throws IOException {
    client.close();
    system.close();
  }

  private static String call(String method, String more) {
    return "{'method':'org.particleos.Update1.%s','parameters':{'target':{'class':'host'}%s},'more':true}"
        .formatted(method, more);
  }

  /** Replies until there is the last one, which is returned. */
  private JsonNode last() throws IOException {
    JsonNode reply = client.hearsJson();
    while (reply.path("continues").asBoolean()) {
      reply = client.hearsJson();
    }
    return reply;
  }

  /** One line of a worker may change a job in two steps, and the one between them be told, too. */
  private void hearsInTheEnd(String expected) throws IOException {
    String reply = client.hears();
    while (!reply.equals(expected)) {
      assertTrue(reply.endsWith("\"continues\":true}"), reply);
      reply = client.hears();
    }
  }

  @Test
  void everybodyMayAskWhatDidNotComeUp() throws Exception {
    client.says("{'method':'org.particleos.Update1.FailedVersions'}");

    JsonNode reply = client.hearsJson();

    assertEquals(
        "it did not come up", reply.path("parameters").path("versions").path("43").asText());
  }

  @Test
  void acquiringTellsHowFarItIsAndHowItEnded() throws Exception {
    client.says(call("Acquire", ""));
    var worker = system.workers.next();
    assertEquals(List.of("acquire"), worker.arguments());
    assertEquals(
        "{\"parameters\":{\"job\":1,\"version\":null},\"continues\":true}", client.hears());

    worker.says("{'event':'making-room','version':'8'}");
    assertEquals(
        "{\"parameters\":{\"job\":1,\"version\":\"8\"},\"continues\":true}", client.hears());
    worker.says(PROGRESS.formatted(15));
    hearsInTheEnd(
        "{\"parameters\":{\"job\":1,\"version\":\"8\",\"progress\":{\"percent\":20,\"fetched\":15,"
            + "\"reused\":5,\"total\":100,\"rate\":7,\"secondsLeft\":3}},\"continues\":true}");
    worker
        .says("{'event':'ended','outcome':'acquired','version':'8','bytesTransferred':95}")
        .ends(0);

    assertEquals(
        "{\"parameters\":{\"job\":1,\"version\":\"8\",\"progress\":null,"
            + "\"outcome\":\"acquired\",\"bytesTransferred\":95}}",
        last().toString());
  }

  @Test
  void whatIsNotKnownYetIsNull() throws Exception {
    client.says(call("Acquire", ""));
    var worker = system.workers.next();
    client.hears();

    worker.says(
        "{'event':'progress','all':{'fetched':1,'reused':0,'total':null,'rate':0,"
            + "'secondsLeft':null}}");

    JsonNode progress = client.hearsJson().at("/parameters/progress");
    assertTrue(progress.path("total").isNull());
    assertTrue(progress.path("secondsLeft").isNull());
  }

  @Test
  void installingAsksNoServer() throws Exception {
    client.says(call("Install", ",'version':'8'"));

    var worker = system.workers.next();
    assertEquals(List.of("--offline", "update", "--", "8"), worker.arguments());
    worker
        .says("{'event':'install-started','version':'8'}")
        .says("{'event':'ended','outcome':'installed','version':'8','bytesTransferred':0}")
        .ends(0);

    assertEquals("installed", last().at("/parameters/outcome").asText());
  }

  @ParameterizedTest
  @CsvSource({"no-update,noUpdate", "already-installed,alreadyInstalled"})
  void nothingToDoIsAnOutcome(String told, String outcome) throws Exception {
    client.says(call("Acquire", ""));

    system.workers.next().says("{'event':'ended','outcome':'" + told + "','version':null}").ends(0);

    JsonNode reply = last();
    assertEquals(outcome, reply.at("/parameters/outcome").asText());
    assertTrue(reply.at("/parameters/version").isNull());
  }

  @Test
  void aFailureIsToldWithAllThatIsKnown() throws Exception {
    client.says(call("Acquire", ""));

    system
        .workers
        .next()
        .says(
            "{'event':'failed','exitStatus':5,'kind':'NOT_TRUSTED','reason':'DIGEST_MISMATCH',"
                + "'message':'refused it','found':'other','state':null,'remedy':'try again'}")
        .ends(5);

    assertEquals(
        "{\"error\":\"org.particleos.Update1.Failed\",\"parameters\":{"
            + "\"reason\":\"DIGEST_MISMATCH\",\"message\":\"refused it\",\"found\":\"other\","
            + "\"state\":null,\"remedy\":\"try again\",\"errno\":74,\"errnoName\":\"EBADMSG\"}}",
        last().toString());
  }

  @Test
  void aWorkerThatDiesOrSaysNoOutcomeIsNoSuccess() throws Exception {
    client.says(call("Acquire", ""));
    system.workers.next().ends(139);
    assertEquals("WORKER_FAILED", last().at("/parameters/reason").asText());

    client.says(call("Acquire", ""));
    system.workers.next().says("{'event':'ended','outcome':'new'}").ends(0);
    assertEquals("WORKER_FAILED", last().at("/parameters/reason").asText());
  }

  @ParameterizedTest
  @ValueSource(strings = {"Acquire", "Install"})
  void whatTakesLongIsCalledWithMore(String method) throws Exception {
    assertEquals(
        "{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}",
        client.asks(call(method, "").replace("true", "false")));
    assertTrue(system.workers.noneStarted());
  }

  @ParameterizedTest
  @ValueSource(strings = {"''", "'../8'", "'a b'", "7", "['8']", "'ü'"})
  void whatIsNoVersionIsRefused(String version) throws Exception {
    for (String method : List.of("Acquire", "Install")) {
      assertEquals(
          "{\"error\":\"org.varlink.service.InvalidParameter\","
              + "\"parameters\":{\"parameter\":\"version\"}}",
          client.asks(call(method, ",'version':" + version)));
    }
    assertTrue(system.workers.noneStarted());
  }

  @Test
  void aVersionThatLooksLikeAnOptionIsNone() throws Exception {
    client.says(call("Acquire", ",'version':'--help'"));

    assertEquals(List.of("acquire", "--", "--help"), system.workers.next().arguments());
  }

  @Test
  void aTargetThatIsNotThereIsNone() throws Exception {
    for (String method : List.of("Acquire", "Install", "Vacuum")) {
      assertEquals(
          "{\"error\":\"org.particleos.Update1.NoSuchTarget\",\"parameters\":{}}",
          client.asks(call(method, "").replace("'host'", "'component','name':'nothing'")));
    }
  }

  @Test
  void twoNeverChangeOneTargetAtATime() throws Exception {
    client.says(call("Acquire", ""));
    var worker = system.workers.next();

    try (Client other = system.client()) {
      JsonNode refused = other.says(call("Vacuum", "")).hearsJson();
      assertEquals("LOCK_HELD", refused.at("/parameters/reason").asText());
      assertEquals("EBUSY", refused.at("/parameters/errnoName").asText());
    }
    worker.says("{'event':'ended','outcome':'no-update','version':null}").ends(0);
    assertEquals("noUpdate", last().at("/parameters/outcome").asText());
  }

  @Test
  void vacuumCountsWhatItRemoved() throws Exception {
    client.says(call("Vacuum", "").replace("true", "false"));
    var worker = system.workers.next();
    assertEquals(List.of("vacuum"), worker.arguments());
    worker.says("{'removed':2,'disabledTransfers':1}").ends(0);
    assertEquals(
        "{\"parameters\":{\"job\":1,\"removed\":2,\"disabledTransfers\":1}}", client.hears());

    client.says(call("Vacuum", ""));
    assertEquals("{\"parameters\":{\"job\":2},\"continues\":true}", client.hears());
    system.workers.next().says("{'removed':0,'disabledTransfers':0}").ends(0);
    assertEquals(
        "{\"parameters\":{\"job\":2,\"removed\":0,\"disabledTransfers\":0}}", client.hears());
  }

  @Test
  void whoGoesAwayEndsNothing() throws Exception {
    client.says(call("Acquire", ""));
    var worker = system.workers.next();
    client.hears();
    client.close();
    client = system.client();
    client.asks("{'method':'org.varlink.service.GetInfo'}"); // by now the server has seen that

    for (int i = 0; i < 100; i++) {
      worker.says(PROGRESS.formatted(i));
    }

    assertEquals(1, system.jobs.all().size());
    assertTrue(!system.jobs.all().getFirst().cancelled());
    worker.says("{'event':'ended','outcome':'acquired','version':'8'}").ends(0);
  }

  @Test
  void whoDoesNotReadHearsTheNewestThenAndHoldsUpNobody() throws Exception {
    client.says(call("Acquire", ""));
    var worker = system.workers.next();
    worker.says("{'event':'making-room','version':'8'}");

    // More than sockets and pipes hold: the worker would wait if anybody waited for the client.
    for (int i = 0; i < 20_000; i++) {
      worker.says(PROGRESS.formatted(i % 90));
    }
    worker.says(PROGRESS.formatted(95));
    worker.says("{'event':'ended','outcome':'acquired','version':'8'}").ends(0);

    assertEquals("acquired", last().at("/parameters/outcome").asText());
  }

  @Test
  void aJobIsCancelledByItsNumber() throws Exception {
    client.says(call("Acquire", ""));
    var worker = system.workers.next();
    long job = client.hearsJson().at("/parameters/job").asLong();

    try (Client other = system.client()) {
      assertEquals(
          "{\"parameters\":{}}",
          other.asks(
              "{'method':'org.particleos.Update1.Cancel','parameters':{'job':" + job + "}}"));
    }

    assertEquals(143, worker.awaitEnd());
    assertEquals(
        "{\"error\":\"org.particleos.Update1.Cancelled\",\"parameters\":{}}", last().toString());
  }

  @Test
  void aJobThatIsNotThereIsNotCancelled() throws Exception {
    for (String job : List.of("1", "0", "-1", "9223372036854775807")) {
      assertEquals(
          "{\"error\":\"org.particleos.Update1.NoSuchJob\",\"parameters\":{}}",
          client.asks(
              "{'method':'org.particleos.Update1.Cancel','parameters':{'job':" + job + "}}"));
    }
    for (String job : List.of("null", "'1'", "1.5", "9223372036854775808")) {
      assertEquals(
          "{\"error\":\"org.varlink.service.InvalidParameter\","
              + "\"parameters\":{\"parameter\":\"job\"}}",
          client.asks(
              "{'method':'org.particleos.Update1.Cancel','parameters':{'job':" + job + "}}"));
    }
  }
}
