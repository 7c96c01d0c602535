package org.particleos.update.fetch;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.apache.hc.client5.http.DnsResolver;

/**
 * Finds addresses with a time limit, and stops when told to. The system's resolver can do neither;
 * a lookup that it does not come back from is left behind on a daemon thread.
 */
final class NameLookup implements DnsResolver {
  /** What stops the request that the current thread makes: the client hands nothing down. */
  static final ScopedValue<Cancellation> STOP = ScopedValue.newInstance();

  private final Duration limit;

  NameLookup(Duration limit) {
    this.limit = limit;
  }

  @Override
  public InetAddress[] resolve(String host) throws UnknownHostException {
    var found =
        new CompletableFuture<InetAddress[]>().orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS);
    Thread.ofPlatform()
        .daemon()
        .name("name-lookup")
        .start(() -> {
          try {
            found.complete(InetAddress.getAllByName(host));
          } catch (UnknownHostException | RuntimeException e) {
            found.completeExceptionally(e);
          }
        });
    try (var _ = STOP.get().onCancel(() -> found.cancel(false))) {
      return found.join();
    } catch (CancellationException | CompletionException e) {
      var unknown = new UnknownHostException(host);
      unknown.initCause(e);
      throw unknown;
    }
  }

  @Override
  public String resolveCanonicalHostname(String host) throws UnknownHostException {
    return resolve(host)[0].getCanonicalHostName();
  }
}
