package org.particleos.update.fetch;

import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * The proxies that the environment names, as most programs read it: {@code http_proxy}, {@code
 * https_proxy}, {@code all_proxy} and {@code no_proxy}, lower case before upper case, a value
 * without scheme taken as http. Entries of {@code no_proxy} are {@code *}, hosts (which stand for
 * everything below them too) and addresses, each maybe with a port; networks like 10.0.0.0/8 are
 * not understood.
 */
record Proxies(Map<String, String> environment) {
  private static final Pattern SEPARATORS = Pattern.compile("[,\\s]+");

  /** The proxy to ask for the address, empty to ask the server itself. */
  Optional<URI> forAddress(URI address) throws UpdateException {
    String scheme = address.getScheme().toLowerCase(Locale.ROOT);
    String host = address.getHost().toLowerCase(Locale.ROOT);
    int port = address.getPort() >= 0 ? address.getPort() : scheme.equals("https") ? 443 : 80;
    var proxy = value(scheme + "_proxy").or(() -> value("all_proxy"));
    if (proxy.isEmpty() || direct(host, port)) {
      return Optional.empty();
    }
    return Optional.of(parse(proxy.get()));
  }

  private Optional<String> value(String name) {
    return Optional.ofNullable(environment.get(name))
        .or(() -> Optional.ofNullable(environment.get(name.toUpperCase(Locale.ROOT))))
        .map(String::strip)
        .filter(value -> !value.isEmpty());
  }

  private boolean direct(String host, int port) {
    return value("no_proxy").stream()
        .flatMap(value -> List.of(SEPARATORS.split(value.toLowerCase(Locale.ROOT))).stream())
        .anyMatch(entry -> covers(entry, host, port));
  }

  private static boolean covers(String entry, String host, int port) {
    String suffix = ":" + port;
    boolean bareAddress = entry.indexOf(':') != entry.lastIndexOf(':') && !entry.startsWith("[");
    String name =
        !bareAddress && entry.endsWith(suffix)
            ? entry.substring(0, entry.length() - suffix.length())
            : entry;
    name = name.startsWith("*.") ? name.substring(2) : name;
    name = name.startsWith(".") ? name.substring(1) : name;
    String plainHost = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    String plainName =
        name.startsWith("[") && name.endsWith("]") ? name.substring(1, name.length() - 1) : name;
    return name.equals("*")
        || plainHost.equals(plainName)
        || (!plainName.isEmpty() && plainHost.endsWith("." + plainName));
  }

  private static URI parse(String value) throws UpdateException {
    try {
      var proxy = URI.create(value.contains("://") ? value : "http://" + value);
      if ("http".equalsIgnoreCase(proxy.getScheme()) && proxy.getHost() != null) {
        return proxy;
      }
    } catch (IllegalArgumentException _) {
      // Reported below, like every other value that is no proxy.
    }
    throw UpdateException.because(
            Reason.OPTION_INVALID, "refused the proxy that the environment names")
        .found(Quote.quote(value) + " is not of the form http://host:port")
        .remedy("correct http_proxy, https_proxy or all_proxy")
        .configuration();
  }
}
