package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.demo.Tool;

/** A server that is away or behaves badly is told apart from one that is not trusted. */
@ExtendWith(WithMachine.class)
class BadServerIT {
  private static final int NOT_REACHABLE = 4;
  private static final int NO_SPACE = 7;

  private static void assertNotReachable(TestMachine machine, String what, String found)
      throws Exception {
    Run.Report report = machine.run("apply").failure(NOT_REACHABLE, what, found);

    assertEquals("nothing was changed", report.state());
    machine.assertNothingNewIsBootable();
  }

  @Test
  void aServerThatIsDownIsNotReachable(TestMachine machine) throws Exception {
    int freePort;
    try (var socket = new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      freePort = socket.getLocalPort();
    }
    machine.configure(URI.create("http://127.0.0.1:" + freePort + "/"));

    machine.run("check").failure(NOT_REACHABLE, "SHA256SUMS", "does not accept connections");
    machine.run("check-new").expect(1);
    machine.run("apply").failure(NOT_REACHABLE, "SHA256SUMS", "does not accept connections");

    machine.run("status").expect(0);
    machine.assertNothingNewIsBootable();
    machine.configure(machine.server().uri());
    machine.assertPlainApplyInstalls();
  }

  @Test
  void aHostThatDoesNotExistIsNotReachable(TestMachine machine) throws Exception {
    machine.configure(URI.create("http://no-such-host.invalid/"));

    machine.run("apply").failure(NOT_REACHABLE, "no-such-host.invalid", "cannot be found");
    machine.assertNothingNewIsBootable();
  }

  @Test
  void aServerWithoutManifestSaysWhichFileIsMissing(TestMachine machine) throws Exception {
    machine.server().fault("SHA256SUMS", Faults.status(404));

    machine.run("check").failure(NOT_REACHABLE, "SHA256SUMS", "404");
    assertNotReachable(machine, "SHA256SUMS", "404");
    machine.server().behave();
    machine.assertPlainApplyInstalls();
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403, 500, 503})
  void aServerThatAnswersWithAnErrorIsQuoted(int status, TestMachine machine) throws Exception {
    machine.server().fault("SHA256SUMS", Faults.status(status));

    assertNotReachable(machine, "SHA256SUMS", Integer.toString(status));
  }

  @Test
  void aPayloadThatIsGoneIsNamed(TestMachine machine) throws Exception {
    machine.server().fault(".efi", Faults.status(404));

    machine.run("apply").failure(NOT_REACHABLE, "ParticleOS_2", "404");

    machine.assertNothingNewIsBootable();
    machine.server().behave();
    machine.assertPlainApplyInstalls();
  }

  @Test
  void redirectsAreFollowedToAnotherServer(TestMachine machine) throws Exception {
    try (var mirror = new FaultServer(machine.web())) {
      String payload = machine.usrPayload().getFileName().toString();
      machine.server().fault(payload, Faults.redirect(mirror.uri() + payload));

      machine.assertPlainApplyInstalls();

      assertTrue(mirror.questions().contains("GET " + payload));
    }
  }

  @Test
  void redirectsInACircleAreRefused(TestMachine machine) throws Exception {
    machine.server().fault("SHA256SUMS", Faults.redirect("/SHA256SUMS"));

    assertNotReachable(machine, "redirect", "");
  }

  @Test
  void redirectsWithoutEndAreRefused(TestMachine machine) throws Exception {
    machine
        .server()
        .fault(
            "SHA256SUMS",
            request -> Faults.redirect("/" + System.nanoTime() + "/SHA256SUMS").give(request));

    assertNotReachable(machine, "redirect", "");
  }

  @Test
  void redirectsOutOfTheWebAreRefused(TestMachine machine) throws Exception {
    machine.server().fault("SHA256SUMS", Faults.redirect("file:///etc/passwd"));

    assertNotReachable(machine, "redirect", "");
  }

  @Test
  void httpsWorksWithTheTrustThatWasConfiguredAndNeverGoesOnToHttp(TestMachine machine)
      throws Exception {
    Path folder = machine.folder();
    SSLContext tls = selfSigned(folder);
    try (var secure =
        new FaultServer(
            machine.web(),
            tls.getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress()),
            "https")) {
      machine.configure(secure.uri());
      Program trusting =
          machine.program().with("SSL_CERT_FILE", folder.resolve("tls.crt").toString());
      machine.run("check").failure(NOT_REACHABLE, "SHA256SUMS", "encrypted");
      trusting.run(machine.arguments("check")).expect(0);

      secure.fault("SHA256SUMS", Faults.redirect(machine.server().uri() + "SHA256SUMS"));

      trusting.run(machine.arguments("apply")).failure(NOT_REACHABLE, "redirect", "http");
      assertEquals(java.util.List.of(), machine.server().questions());
      machine.assertNothingNewIsBootable();
      secure.behave();
      trusting.run(machine.arguments("apply")).expect(0);
      machine.assertVersionInstalled("2");
    }
  }

  private static SSLContext selfSigned(Path folder) throws Exception {
    Tool.run(
        folder,
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-days",
        "2",
        "-keyout",
        "tls.key",
        "-out",
        "tls.crt");
    Tool.run(
        folder,
        "openssl",
        "pkcs12",
        "-export",
        "-inkey",
        "tls.key",
        "-in",
        "tls.crt",
        "-passout",
        "pass:secret",
        "-out",
        "tls.p12");
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(folder.resolve("tls.p12"))) {
      store.load(in, "secret".toCharArray());
    }
    var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, "secret".toCharArray());
    var context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }

  @Test
  void aManifestThatNeverEndsIsGivenUp(TestMachine machine) throws Exception {
    machine.server().fault("SHA256SUMS", Faults.endless());

    assertNotReachable(machine, "SHA256SUMS", "");
  }

  @Test
  void aSlotPayloadThatNeverEndsStopsAtTheEndOfTheSlot(TestMachine machine) throws Exception {
    machine.server().fault(machine.usrPayload().getFileName().toString(), Faults.endless());

    machine.run("apply").failure(NO_SPACE);

    machine.assertNothingNewIsBootable();
    machine.server().behave();
    machine.assertPlainApplyInstalls();
  }

  @Test
  void noiseInsteadOfHttpIsAFailureToReachTheServer(TestMachine machine) throws Exception {
    machine
        .server()
        .fault(
            "SHA256SUMS",
            request ->
                request
                    .out()
                    .write(
                        "SSH-2.0-OpenSSH\r\n\r\n"
                            .getBytes(java.nio.charset.StandardCharsets.US_ASCII)));

    assertNotReachable(machine, "SHA256SUMS", "");
  }

  @Test
  void aConnectionThatIsDroppedAtOnceIsAFailureToReachTheServer(TestMachine machine)
      throws Exception {
    machine
        .server()
        .fault(
            "SHA256SUMS",
            request -> {
              throw new IOException("hang up");
            });

    assertNotReachable(machine, "SHA256SUMS", "");
  }
}
