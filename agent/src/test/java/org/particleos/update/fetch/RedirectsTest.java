package org.particleos.update.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.URI;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

class RedirectsTest {
  @ParameterizedTest
  @CsvSource({
    "http://a/x, http://b/y, http://b/y",
    "http://a/x, https://a/x, https://a/x",
    "https://a/x, https://b/y, https://b/y",
    "https://a/x/1, ../z, https://a/z",
    "https://a/x, //b/y, https://b/y",
    "http://a/x, HTTP://b/y, HTTP://b/y"
  })
  void anHonestRedirectIsFollowed(String from, String location, String to) throws Exception {
    var uri = URI.create(from);

    assertEquals(URI.create(to), new Redirects(uri).follow(uri, Optional.of(location)));
  }

  @ParameterizedTest
  @CsvSource({
    "https://a/x, http://a/x",
    "HTTPS://a/x, http://b/y",
    "http://a/x, http://a/x",
    "http://a/x, file:///etc/shadow",
    "http://a/x, http:///y",
    "http://a/x, http://user@b/y",
    "http://a/x, http://b/y z",
    "http://a/x, javascript:alert(1)"
  })
  void aRedirectThatIsNotIsRefused(String from, String location) {
    var uri = URI.create(from);

    assertRefused(new Redirects(uri), uri, Optional.of(location));
  }

  @Test
  void aRedirectToNowhereIsRefused() {
    var uri = URI.create("http://a/x");

    assertRefused(new Redirects(uri), uri, Optional.empty());
  }

  @Test
  void tenRedirectsAreFollowedAndTheEleventhIsRefused() throws Exception {
    var uri = URI.create("http://a/0");
    var redirects = new Redirects(uri);
    for (int i = 1; i <= Redirects.REDIRECTS_MAX; i++) {
      uri = redirects.follow(uri, Optional.of("/" + i));
    }

    assertRefused(redirects, uri, Optional.of("/one-more"));
  }

  @Test
  void aCircleOfThreeIsRefused() throws Exception {
    var uri = URI.create("http://a/1");
    var redirects = new Redirects(uri);
    uri = redirects.follow(uri, Optional.of("/2"));
    uri = redirects.follow(uri, Optional.of("/3"));

    assertRefused(redirects, uri, Optional.of("/1"));
  }

  private static void assertRefused(Redirects redirects, URI from, Optional<String> location) {
    var refusal =
        assertThrows(UpdateException.Unreachable.class, () -> redirects.follow(from, location));
    assertEquals(Reason.REDIRECT_REFUSED, refusal.reason());
  }
}
