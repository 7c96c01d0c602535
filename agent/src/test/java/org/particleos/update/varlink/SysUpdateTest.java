package org.particleos.update.varlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
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

/** {@code io.systemd.SysUpdate} over a socket (dbus-varlink.md 9). */
@Timeout(value = 60, unit = TimeUnit.SECONDS) // where something is waited for that never comes
class SysUpdateTest {
  private static final String LIST = "{'method':'io.systemd.SysUpdate.ListTargets'}";
  private static final String CHECK =
      "{'method':'io.systemd.SysUpdate.CheckNew','parameters':{'target':%s}}";
  private static final String FEATURES =
      "{'method':'io.systemd.SysUpdate.ListFeatures','parameters':{'target':%s}}";
  private static final String HOST = "{'class':'host'}";
  private static final String SHIM = "{'class':'component','name':'shim'}";
  private static final String NO_TARGET =
      "{\"error\":\"io.systemd.SysUpdate.NoSuchTarget\",\"parameters\":{}}";

  @TempDir private Path home;
  private ServedSystem system;
  private Client client;

  @BeforeEach
  void begin() throws IOException {
    system = ServedSystem.at(home);
    client = system.client();
  }

  @AfterEach
  void end() throws IOException {
    client.close();
    system.close();
  }

  @Test
  void targetsAreListedInTheOrderOfTheirClassesAndTheHostHasNoName() throws Exception {
    system.updates("").component("shim", "").component("b", "");
    system.updates("var/lib/extensions/tree/").file("var/lib/machines/m.raw", "yes");

    assertEquals(
        "{\"parameters\":{\"targets\":["
            + "{\"id\":{\"class\":\"machine\",\"name\":\"m\"}},"
            + "{\"id\":{\"class\":\"sysext\",\"name\":\"tree\"}},"
            + "{\"id\":{\"class\":\"host\",\"name\":null}},"
            + "{\"id\":{\"class\":\"component\",\"name\":\"b\"}},"
            + "{\"id\":{\"class\":\"component\",\"name\":\"shim\"}}]}}",
        client.asks(LIST));
    assertEquals(List.of(), system.questions);
    assertTrue(system.workers.noneStarted());
  }

  @Test
  void aSystemWithNothingHasNoTargetsAndWhatComesIsSeen() throws Exception {
    assertEquals("{\"parameters\":{\"targets\":[]}}", client.asks(LIST));

    system.component("shim", "");
    assertEquals("{\"parameters\":{\"targets\":[]}}", client.asks(LIST)); // not all the time
    assertEquals(NO_TARGET, client.asks(FEATURES.formatted(SHIM)));
    system.nanoTime.addAndGet(FreshTargets.AGE_MAX.toNanos());

    assertEquals("{\"parameters\":{\"features\":[]}}", client.asks(FEATURES.formatted(SHIM)));
    assertEquals(
        "{\"parameters\":{\"targets\":[{\"id\":{\"class\":\"component\",\"name\":\"shim\"}}]}}",
        client.asks(LIST));
  }

  @Test
  void anImageThatCannotBeLookedIntoIsLeftOut() throws Exception {
    system.file("var/lib/extensions/bad.raw", "damaged");
    system.file("var/lib/extensions/good.raw", "yes");

    assertEquals(
        "{\"parameters\":{\"targets\":[{\"id\":{\"class\":\"sysext\",\"name\":\"good\"}}]}}",
        client.asks(LIST));
    assertEquals(1, system.warnings.size());
  }

  @Test
  void anUpdateIsNamed() throws Exception {
    system.updates("");
    client.says(CHECK.formatted(HOST));

    var worker = system.workers.next();
    assertEquals(List.of("check-new"), worker.arguments());
    worker.says("{'event':'notice','text':'x'}").says("{'available':'v7'}").ends(0);

    assertEquals("{\"parameters\":{\"available\":\"v7\"}}", client.hears());
  }

  @Test
  void noUpdateIsAnErrorOfItsOwn() throws Exception {
    system.updates("");
    client.says(CHECK.formatted(HOST));

    system.workers.next().says("{'available':null}").ends(1);

    assertEquals(
        "{\"error\":\"io.systemd.SysUpdate.NoUpdateNeeded\",\"parameters\":{}}", client.hears());
  }

  @Test
  void theTargetIsChosenByWhatWasFoundAndNotByWhatWasSaid() throws Exception {
    system.component("shim", "").file("var/lib/extensions/a.raw", "yes");

    client.says(CHECK.formatted(SHIM));
    var component = system.workers.next();
    component.says("{'available':'1'}").ends(0);
    client.hears();
    client.says(CHECK.formatted("{'class':'sysext','name':'a'}"));
    var image = system.workers.next();
    image.says("{'available':'1'}").ends(0);
    client.hears();

    assertEquals(List.of("--component=shim", "check-new"), component.arguments());
    assertEquals(
        List.of("--root=", "--image=" + system.path("var/lib/extensions/a.raw"), "check-new"),
        image.arguments());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'class':'host'}",
        "{'class':'host','name':null}",
        "{'class':'component','name':'nothing'}",
        "{'class':'sysext','name':'../../etc/passwd'}",
        "{'class':'machine','name':'/etc/passwd'}",
        "{'class':'portable','name':'\\ud800'}",
      })
  void aTargetThatIsNotThereIsNone(String target) throws Exception {
    assertEquals(NO_TARGET, client.asks(CHECK.formatted(target)));
    assertEquals(NO_TARGET, client.asks(FEATURES.formatted(target)));
    assertTrue(system.workers.noneStarted());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "'host'",
        "[]",
        "{}",
        "{'class':'host','name':'host'}",
        "{'class':'host','name':''}",
        "{'class':'host','name':7}",
        "{'class':'host','path':'/'}",
        "{'class':'Host'}",
        "{'class':7}",
        "{'class':'component'}",
        "{'class':'component','name':null}",
        "{'class':'component','name':''}",
        "{'class':'component','name':'../'}",
        "{'class':'component','name':'a.component'}",
        "{'class':'sysext','name':''}",
        "{'class':'sysext'}",
      })
  void whatNamesNoTargetIsAnInvalidParameter(String target) throws Exception {
    system.updates("");
    String invalid =
        "{\"error\":\"org.varlink.service.InvalidParameter\","
            + "\"parameters\":{\"parameter\":\"target\"}}";

    assertEquals(invalid, client.asks(CHECK.formatted(target)));
    assertEquals(invalid, client.asks(FEATURES.formatted(target)));
    assertTrue(system.workers.noneStarted());
  }

  @Test
  void parametersOfTheWrongTypeAreNamed() throws Exception {
    system.updates("");
    String invalid =
        "{\"error\":\"org.varlink.service.InvalidParameter\","
            + "\"parameters\":{\"parameter\":\"allowInteractiveAuthentication\"}}";

    assertEquals(
        invalid,
        client.asks(CHECK.formatted("{'class':'host'},'allowInteractiveAuthentication':'yes'")));
    assertTrue(system.workers.noneStarted());
  }

  @ParameterizedTest
  @CsvSource({
    "NO_DEFINITIONS, CONFIGURATION, ",
    "COMPONENT_NOT_FOUND, CONFIGURATION, ",
    "SIGNATURE_INVALID, NOT_TRUSTED, EBADMSG",
    "MANIFEST_STALE, NOT_TRUSTED, ESTALE",
    "COMPONENT_DISABLED, CONFIGURATION, EHOSTDOWN",
  })
  void whatWentWrongIsTheErrorNumberOfTheReference(String reason, String kind, String errno)
      throws Exception {
    system.updates("");
    client.says(CHECK.formatted(HOST));

    system
        .workers
        .next()
        .says(
            "{'event':'failed','exitStatus':5,'kind':'"
                + kind
                + "','reason':'"
                + reason
                + "','message':'m','remedy':'r'}")
        .ends(1);

    var reply = client.hearsJson();
    if (errno == null) {
      assertEquals("io.systemd.SysUpdate.NoSuchTarget", reply.path("error").asText());
    } else {
      assertEquals("io.systemd.System", reply.path("error").asText());
      assertEquals("linux", reply.at("/parameters/origin").asText());
      assertEquals(errno, reply.at("/parameters/errnoName").asText());
      assertTrue(reply.at("/parameters/errno").isInt());
    }
  }

  @Test
  void aWorkerThatDiesOrSaysNothingOfUseIsAnError() throws Exception {
    system.updates("");

    client.says(CHECK.formatted(HOST));
    system.workers.next().ends(139);
    assertEquals("EIO", client.hearsJson().at("/parameters/errnoName").asText());

    client.says(CHECK.formatted(HOST));
    system.workers.next().says("{'available':7}").ends(0);
    assertEquals("EPROTO", client.hearsJson().at("/parameters/errnoName").asText());
  }

  @Test
  void aCheckThatNobodyWaitsForAnyMoreIsEnded() throws Exception {
    system.updates("");
    Client impatient = system.client();
    impatient.says(CHECK.formatted(HOST));
    var worker = system.workers.next();

    impatient.close();

    assertEquals(143, worker.awaitEnd());
    client.says(CHECK.formatted(HOST));
    system.workers.next().says("{'available':'v7'}").ends(0);
    assertEquals("{\"parameters\":{\"available\":\"v7\"}}", client.hears());
  }

  @Test
  void featuresAreListedWithAllThatIsKnown() throws Exception {
    system.component("shim", "devel");
    system.file(
        "usr/lib/sysupdate.shim.d/devel.feature",
        """
        [Feature]
        Description=For developers
        Documentation=https://example.org/1
        AppStream=https://example.org/d.xml
        Suggest=yes
        """);
    system.file("usr/lib/sysupdate.shim.d/x.feature", "[Feature]\nEnabled=yes\n");

    assertEquals(
        "{\"parameters\":{\"features\":["
            + "{\"id\":\"devel\",\"description\":\"For developers\","
            + "\"documentation\":[\"https://example.org/1\"],"
            + "\"appStream\":\"https://example.org/d.xml\",\"enabled\":false,"
            + "\"suggested\":true,\"transfers\":[\"10-c\"]},"
            + "{\"id\":\"x\",\"enabled\":true,\"suggested\":false}]}}",
        client.asks(FEATURES.formatted(SHIM)));
    assertTrue(system.workers.noneStarted());
    assertEquals(List.of(), system.questions);
  }

  @Test
  void noFeaturesIsAnEmptyList() throws Exception {
    system.updates("").updates("var/lib/machines/m/");

    assertEquals("{\"parameters\":{\"features\":[]}}", client.asks(FEATURES.formatted(HOST)));
    assertEquals(
        "{\"parameters\":{\"features\":[]}}",
        client.asks(FEATURES.formatted("{'class':'machine','name':'m'}")));
  }

  @Test
  void featuresInADiskImageAreAskedOfAWorker() throws Exception {
    system.file("var/lib/extensions/a.raw", "yes");
    client.says(FEATURES.formatted("{'class':'sysext','name':'a'}"));

    var worker = system.workers.next();
    assertEquals(
        List.of(
            "--root=",
            "--image=" + system.path("var/lib/extensions/a.raw"),
            "--verbose",
            "features"),
        worker.arguments());
    worker.says("{'features':['x'],'details':[{'id':'x','enabled':true}]}").ends(0);

    assertEquals(
        "{\"parameters\":{\"features\":[{\"id\":\"x\",\"enabled\":true}]}}", client.hears());
  }

  @Test
  void aComponentWhoseDefinitionsWentIsNoTarget() throws Exception {
    system.component("shim", "");
    assertEquals("{\"parameters\":{\"features\":[]}}", client.asks(FEATURES.formatted(SHIM)));

    Files.delete(system.path("usr/lib/sysupdate.shim.d/10-c.transfer"));

    assertEquals(NO_TARGET, client.asks(FEATURES.formatted(SHIM)));
  }
}
