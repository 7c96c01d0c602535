package org.particleos.update.fetch;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.jspecify.annotations.Nullable;

/**
 * TLS with the certificate authorities of the Java runtime and those of the system: the file that
 * {@code $SSL_CERT_FILE} names, else the usual bundle if there is one. A bundled runtime knows only
 * its own, an administrator only the system's.
 *
 * <p>Reading all those certificates takes longer than anything else at start-up, so it is left
 * until a server is to be asked by https.
 */
final class SystemTrust implements TlsSocketStrategy {
  private static final Path BUNDLE = Path.of("/etc/ssl/certs/ca-certificates.crt");

  private final Map<String, String> environment;
  private @Nullable SSLSocketFactory sockets;

  SystemTrust(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
  }

  @Override
  public SSLSocket upgrade(
      Socket socket, String target, int port, @Nullable Object attachment, HttpContext context)
      throws IOException {
    var tls = (SSLSocket) sockets().createSocket(socket, target, port, true);
    var parameters = tls.getSSLParameters();
    // Without this, the certificate of any host would do.
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    tls.setSSLParameters(parameters);
    tls.startHandshake();
    return tls;
  }

  private synchronized SSLSocketFactory sockets() throws IOException {
    var known = sockets;
    if (known != null) {
      return known;
    }
    try {
      var anchors = KeyStore.getInstance(KeyStore.getDefaultType());
      anchors.load(null, null);
      int count = 0;
      for (var certificate : authorities()) {
        anchors.setCertificateEntry("authority-" + count++, certificate);
      }
      var context = SSLContext.getInstance("TLS");
      context.init(null, trustManagers(anchors), null);
      known = context.getSocketFactory();
      sockets = known;
      return known;
    } catch (GeneralSecurityException e) {
      throw new IOException("the certificate authorities cannot be used: " + e.getMessage(), e);
    }
  }

  private List<X509Certificate> authorities() throws GeneralSecurityException, IOException {
    var all = new ArrayList<X509Certificate>();
    for (var manager : trustManagers(null)) {
      if (manager instanceof X509TrustManager x509) {
        all.addAll(List.of(x509.getAcceptedIssuers()));
      }
    }
    var named = Optional.ofNullable(environment.get("SSL_CERT_FILE")).filter(n -> !n.isEmpty());
    var bundle = named.map(Path::of).orElse(BUNDLE);
    if (named.isPresent() || Files.exists(bundle)) {
      try (InputStream in = new FileInputStream(bundle.toFile())) {
        for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
          all.add((X509Certificate) certificate);
        }
      }
    }
    return all;
  }

  /** Null stands for the runtime's own authorities. */
  private static TrustManager[] trustManagers(@Nullable KeyStore anchors)
      throws GeneralSecurityException {
    var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(anchors);
    return factory.getTrustManagers();
  }
}
