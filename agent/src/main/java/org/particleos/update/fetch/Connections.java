package org.particleos.update.fetch;

import java.net.URI;
import java.util.Map;
import java.util.Optional;
import org.apache.hc.client5.http.auth.AuthScope;
import org.apache.hc.client5.http.auth.UsernamePasswordCredentials;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.impl.DefaultSchemePortResolver;
import org.apache.hc.client5.http.impl.auth.BasicCredentialsProvider;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.impl.routing.DefaultRoutePlanner;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.UpdateException;

/**
 * Sets up the HTTP library so that it does nothing by itself: no redirects, retries, cookies or
 * unpacking. All of that is decided in this package, or not wanted.
 */
final class Connections {
  /** An honest answer has some twenty header lines of some hundred characters. */
  static final int HEADER_LINES_MAX = 200;

  static final int HEADER_LINE_CHARS_MAX = 16 << 10;

  /** One per transfer that runs at the same time, and then some. */
  private static final int CONNECTIONS_MAX = 20;

  private Connections() {}

  static CloseableHttpClient open(
      String userAgent, HttpLimits limits, Map<String, String> environment) {
    var proxies = new Proxies(environment);
    var credentials = new BasicCredentialsProvider();
    var manager =
        PoolingHttpClientConnectionManagerBuilder.create()
            .setMaxConnPerRoute(CONNECTIONS_MAX)
            .setMaxConnTotal(CONNECTIONS_MAX)
            .setDnsResolver(new NameLookup(limits.connect()))
            .setTlsSocketStrategy(new SystemTrust(environment))
            .setDefaultConnectionConfig(
                ConnectionConfig.custom().setConnectTimeout(Timeout.of(limits.connect())).build())
            .setConnectionFactory(
                ManagedHttpClientConnectionFactory.builder()
                    .http1Config(
                        Http1Config.custom()
                            .setMaxHeaderCount(HEADER_LINES_MAX)
                            .setMaxLineLength(HEADER_LINE_CHARS_MAX)
                            .build())
                    .build())
            .build();
    return HttpClientBuilder.create()
        .setConnectionManager(manager)
        // A server that sends more than it declared would answer the next request with the rest.
        .setConnectionReuseStrategy((_, _, _) -> false)
        .setUserAgent(userAgent)
        .disableRedirectHandling()
        .disableAutomaticRetries()
        .disableCookieManagement()
        .disableAuthCaching()
        // Digests are over the bytes as stored.
        .disableContentCompression()
        .setDefaultCredentialsProvider(credentials)
        .setRoutePlanner(new ProxyRoutes(proxies, credentials))
        .build();
  }

  private static final class ProxyRoutes extends DefaultRoutePlanner {
    private final Proxies proxies;
    private final BasicCredentialsProvider credentials;

    ProxyRoutes(Proxies proxies, BasicCredentialsProvider credentials) {
      super(DefaultSchemePortResolver.INSTANCE);
      this.proxies = proxies;
      this.credentials = credentials;
    }

    @Override
    protected @Nullable HttpHost determineProxy(HttpHost target, HttpContext context)
        throws HttpException {
      Optional<URI> proxy;
      try {
        proxy = proxies.forAddress(URI.create(target.toURI()));
      } catch (UpdateException e) {
        throw new HttpException(e.getMessage(), e);
      }
      return proxy.map(this::host).orElse(null);
    }

    private HttpHost host(URI proxy) {
      int port = proxy.getPort() >= 0 ? proxy.getPort() : 80;
      var host = new HttpHost("http", proxy.getHost(), port);
      Optional.ofNullable(proxy.getUserInfo())
          .ifPresent(userInfo -> {
            int colon = userInfo.indexOf(':');
            String user = colon < 0 ? userInfo : userInfo.substring(0, colon);
            String password = colon < 0 ? "" : userInfo.substring(colon + 1);
            credentials.setCredentials(
                new AuthScope(host), new UsernamePasswordCredentials(user, password.toCharArray()));
          });
      return host;
    }
  }
}
