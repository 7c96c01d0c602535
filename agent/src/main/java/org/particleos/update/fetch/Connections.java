package org.particleos.update.fetch;

import java.io.IOException;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import org.apache.hc.client5.http.auth.AuthScope;
import org.apache.hc.client5.http.auth.UsernamePasswordCredentials;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.impl.DefaultSchemePortResolver;
import org.apache.hc.client5.http.impl.auth.BasicCredentialsProvider;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.impl.routing.DefaultRoutePlanner;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.UpdateException;

/**
 * The HTTP library, set up so that it does nothing by itself: no redirects, retries, cookies or
 * unpacking. All of that is decided in this package, or not wanted. Nothing is set up before the
 * first request. Several threads may use it at once.
 *
 * <p>A connection is used again only after its last answer was read exactly to its end and nothing
 * followed. What goes wrong on such a connection before there is an answer may be the fault of the
 * one before, so it is tried once more on a new one; every request here may be repeated.
 */
final class Connections implements AutoCloseable {
  /** An honest answer has some twenty header lines of some hundred characters. */
  static final int HEADER_LINES_MAX = 200;

  static final int HEADER_LINE_CHARS_MAX = 16 << 10;

  /** One per transfer that runs at the same time, and then some. */
  private static final int CONNECTIONS_MAX = 20;

  /** Servers that say nothing about it hang up after five seconds or more. */
  private static final TimeValue IDLE_MAX = TimeValue.ofSeconds(4);

  private final String userAgent;
  private final HttpLimits limits;
  private final Map<String, String> environment;
  private @Nullable Open open;

  private record Open(PoolingHttpClientConnectionManager pool, CloseableHttpClient client) {}

  Connections(String userAgent, HttpLimits limits, Map<String, String> environment) {
    this.userAgent = userAgent;
    this.limits = limits;
    this.environment = Map.copyOf(environment);
  }

  /** Sends the request and waits for the head of the answer. */
  ClassicHttpResponse send(HttpUriRequestBase request) throws IOException {
    var current = open();
    var context = HttpClientContext.create();
    try {
      return current.client.executeOpen(null, request, context);
    } catch (IOException first) {
      if (request.isCancelled() || !usedBefore(context)) {
        throw first;
      }
      current.pool.closeIdle(TimeValue.ZERO_MILLISECONDS);
      try {
        return current.client.executeOpen(null, request, HttpClientContext.create());
      } catch (IOException second) {
        second.addSuppressed(first);
        throw second;
      }
    }
  }

  /** Begins to set up what the first request needs, while the caller does something else. */
  void prepare() {
    Thread.ofPlatform()
        .daemon()
        .name("http")
        .start(() -> {
          try {
            open();
          } catch (RuntimeException _) {
            // The first request meets the same, and tells it.
          }
        });
  }

  private static boolean usedBefore(HttpClientContext context) {
    var details = context.getEndpointDetails();
    return details != null && details.getResponseCount() > 0;
  }

  private synchronized Open open() {
    var known = open;
    if (known == null) {
      known = set();
      open = known;
    }
    return known;
  }

  private Open set() {
    var proxies = new Proxies(environment);
    var credentials = new BasicCredentialsProvider();
    var config =
        ConnectionConfig.custom()
            .setConnectTimeout(Timeout.of(limits.connect()))
            .setValidateAfterInactivity(TimeValue.ZERO_MILLISECONDS)
            .build();
    var connections =
        ManagedHttpClientConnectionFactory.builder()
            .http1Config(
                Http1Config.custom()
                    .setMaxHeaderCount(HEADER_LINES_MAX)
                    .setMaxLineLength(HEADER_LINE_CHARS_MAX)
                    .build())
            .build();
    var pool =
        PoolingHttpClientConnectionManagerBuilder.create()
            .setMaxConnPerRoute(CONNECTIONS_MAX)
            .setMaxConnTotal(CONNECTIONS_MAX)
            .setDnsResolver(new NameLookup(limits.connect()))
            .setTlsSocketStrategy(new SystemTrust(environment))
            .setDefaultConnectionConfig(config)
            .setConnectionFactory(
                socket -> new UndisturbedConnection(connections.createConnection(socket)))
            .build();
    var client =
        HttpClientBuilder.create()
            .setConnectionManager(pool)
            .setKeepAliveStrategy((_, _) -> IDLE_MAX)
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
    return new Open(pool, client);
  }

  /** Ends everything that is still open. */
  @Override
  public synchronized void close() {
    if (open != null) {
      open.client.close(CloseMode.IMMEDIATE);
      open = null;
    }
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
