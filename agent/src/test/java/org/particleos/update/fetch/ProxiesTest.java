package org.particleos.update.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

class ProxiesTest {
  @Test
  void withoutVariablesTheServerIsAskedDirectly() throws Exception {
    assertEquals(Optional.empty(), proxy(Map.of(), "https://cdn.example/x"));
    assertEquals(Optional.empty(), proxy(Map.of("https_proxy", " "), "https://cdn.example/x"));
  }

  @Test
  void eachSchemeHasItsProxyAndLowerCaseComesFirst() throws Exception {
    var environment = new HashMap<String, String>();
    environment.put("http_proxy", "http://one:1");
    environment.put("HTTP_PROXY", "http://two:2");
    environment.put("HTTPS_PROXY", "three:3");

    assertEquals(Optional.of(URI.create("http://one:1")), proxy(environment, "http://a/"));
    assertEquals(Optional.of(URI.create("http://three:3")), proxy(environment, "https://a/"));
  }

  @Test
  void allProxyStandsInForBoth() throws Exception {
    var environment = Map.of("all_proxy", "http://one:1");

    assertEquals(Optional.of(URI.create("http://one:1")), proxy(environment, "http://a/"));
    assertEquals(Optional.of(URI.create("http://one:1")), proxy(environment, "https://a/"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "*; https://cdn.example/x; true",
        "cdn.example; https://cdn.example/x; true",
        ".cdn.example; https://a.cdn.example/x; true",
        "*.cdn.example; https://a.cdn.example/x; true",
        "cdn.example; https://A.CDN.example/x; true",
        "cdn.example; https://notcdn.example/x; false",
        "other, cdn.example; https://cdn.example/x; true",
        "other cdn.example; https://cdn.example/x; true",
        "cdn.example:443; https://cdn.example/x; true",
        "cdn.example:8443; https://cdn.example/x; false",
        "cdn.example:8443; https://cdn.example:8443/x; true",
        "127.0.0.1; http://127.0.0.1/x; true",
        "::1; http://[::1]/x; true",
        "[::1]:80; http://[::1]/x; true",
        "[::1]:81; http://[::1]/x; false",
        "; https://cdn.example/x; false"
      })
  void noProxyExcludesHosts(String noProxy, String address, boolean direct) throws Exception {
    var environment = new HashMap<>(Map.of("all_proxy", "http://one:1"));
    if (noProxy != null) {
      environment.put("NO_PROXY", noProxy);
    }

    assertEquals(direct, proxy(environment, address).isEmpty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"socks5://one:1", "https://one:1", "http://", "http://a b"})
  void aProxyOfAnotherKindIsRefused(String value) {
    var refusal =
        assertThrows(
            UpdateException.Configuration.class,
            () -> proxy(Map.of("http_proxy", value), "http://a/"));

    assertEquals(Reason.OPTION_INVALID, refusal.reason());
  }

  private static Optional<URI> proxy(Map<String, String> environment, String address)
      throws UpdateException {
    return new Proxies(environment).forAddress(URI.create(address));
  }
}
