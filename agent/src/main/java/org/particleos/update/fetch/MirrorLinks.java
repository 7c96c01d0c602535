package org.particleos.update.fetch;

import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.particleos.update.failure.Quote;
import org.particleos.update.fetch.Mirrors.Mirror;

/**
 * Mirrors that {@code Link} headers name (RFC 8288 3, RFC 6249): {@code <address>; rel=duplicate;
 * pri=1} is a mirror, {@code <address>; rel=describedby; type="application/metalink4+xml"} a list
 * of them. Other relations are passed over.
 *
 * @param list the last that was named
 * @param problems what could not be read
 */
record MirrorLinks(List<Mirror> mirrors, Optional<URI> list, List<String> problems) {
  /** What a mirror without a priority has (RFC 6249 3.1). */
  static final int PRIORITY_WORST = 999_999;

  private static final String METALINK = "application/metalink4+xml";

  static MirrorLinks of(List<Trail.Linked> headers) {
    var mirrors = new ArrayList<Mirror>();
    var problems = new ArrayList<String>();
    Optional<URI> list = Optional.empty();
    for (var header : headers) {
      var scanner = new Scanner(header.header());
      while (scanner.more()) {
        var link = scanner.next();
        if (link.isEmpty()) {
          problems.add("the Link header " + Quote.quote(header.header()) + " cannot be read");
          break;
        }
        boolean duplicate = link.get().related("duplicate");
        boolean described =
            link.get().related("describedby")
                && METALINK.equalsIgnoreCase(link.get().parameters.get("type"));
        if (!duplicate && !described) {
          continue;
        }
        var address = address(header.base(), link.get().target);
        if (address.isEmpty()) {
          problems.add(Quote.quote(link.get().target) + " is not an address");
        } else if (duplicate) {
          mirrors.add(new Mirror(address.get(), link.get().priority()));
        } else {
          list = address;
        }
      }
    }
    return new MirrorLinks(List.copyOf(mirrors), list, List.copyOf(problems));
  }

  private static Optional<URI> address(URI base, String target) {
    try {
      return Optional.of(base.resolve(target));
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  private record Link(String target, Map<String, String> parameters) {
    boolean related(String relation) {
      String relations = parameters.getOrDefault("rel", "").toLowerCase(Locale.ROOT);
      return List.of(relations.split(" ")).contains(relation);
    }

    int priority() {
      String text = parameters.getOrDefault("pri", "");
      return text.matches("[0-9]{1,6}") ? Math.max(1, Integer.parseInt(text)) : PRIORITY_WORST;
    }
  }

  /** Goes through one header from left to right. */
  private static final class Scanner {
    private final String text;
    private int at;

    Scanner(String text) {
      this.text = text;
    }

    boolean more() {
      skip(" \t,");
      return at < text.length();
    }

    /** Empty if the rest is no link. */
    Optional<Link> next() {
      int end = text.indexOf('>', at);
      if (text.charAt(at) != '<' || end < 0) {
        return Optional.empty();
      }
      String target = text.substring(at + 1, end);
      at = end + 1;
      var parameters = new HashMap<String, String>();
      skip(" \t");
      while (at < text.length() && text.charAt(at) == ';') {
        at++;
        skip(" \t");
        String name = upTo("=;, \t").toLowerCase(Locale.ROOT);
        skip(" \t");
        String value = "";
        if (at < text.length() && text.charAt(at) == '=') {
          at++;
          skip(" \t");
          var parsed = value();
          if (parsed.isEmpty()) {
            return Optional.empty();
          }
          value = parsed.get();
        }
        parameters.putIfAbsent(name, value);
        skip(" \t");
      }
      return at < text.length() && text.charAt(at) != ','
          ? Optional.empty()
          : Optional.of(new Link(target, parameters));
    }

    private Optional<String> value() {
      if (at >= text.length() || text.charAt(at) != '"') {
        return Optional.of(upTo(";, \t"));
      }
      var value = new StringBuilder();
      for (at++; at < text.length() && text.charAt(at) != '"'; at++) {
        if (text.charAt(at) == '\\' && at + 1 < text.length()) {
          at++;
        }
        value.append(text.charAt(at));
      }
      if (at >= text.length()) {
        return Optional.empty();
      }
      at++;
      return Optional.of(value.toString());
    }

    private String upTo(String ends) {
      int start = at;
      while (at < text.length() && ends.indexOf(text.charAt(at)) < 0) {
        at++;
      }
      return text.substring(start, at);
    }

    private void skip(String characters) {
      while (at < text.length() && characters.indexOf(text.charAt(at)) >= 0) {
        at++;
      }
    }
  }
}
