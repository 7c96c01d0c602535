package org.particleos.update.fetch;

import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.particleos.update.failure.Quote;

/**
 * What is known of mirrors in this run: which ones have a file, which failed, which are fast. A
 * mirror is never trusted: it is a place to get bytes from that are judged by others, length and
 * digest. It must not be worse protected than the address of the source. Several threads may use
 * it.
 */
final class Mirrors {
  /** More of them do not make a file arrive that these do not have. */
  static final int MIRRORS_MAX = 10;

  /** A version has a handful of files. What is beyond that has no mirrors. */
  private static final int FILES_MAX = 256;

  private final boolean wanted;
  private final Map<URI, FileKnowledge> files = new HashMap<>();
  private final Set<String> bad = new HashSet<>();
  private final Map<String, Double> bytesPerSecond = new HashMap<>();

  /**
   * A place that has the file, as somebody says.
   *
   * @param priority 1 is the best (RFC 6249 3.1, RFC 5854 4.2.16.1)
   */
  record Mirror(URI uri, int priority) {}

  /** What is known about one file. */
  private static final class FileKnowledge {
    private final Map<URI, Integer> mirrors = new LinkedHashMap<>();
    private final Set<String> distrusted = new HashSet<>();
    private final Set<String> served = new HashSet<>();
    private Optional<URI> metalink = Optional.empty();
    private boolean metalinkAsked;
    private OptionalLong sizeBytes = OptionalLong.empty();
    private Optional<URI> answered = Optional.empty();
  }

  /**
   * Knows nothing yet.
   *
   * @param wanted without it nothing is learnt, and each file has its own address only
   */
  Mirrors(boolean wanted) {
    this.wanted = wanted;
  }

  /** Host and port, by which mirrors are told apart. */
  static String server(URI uri) {
    String scheme = uri.getScheme().toLowerCase(Locale.ROOT);
    int port = uri.getPort() >= 0 ? uri.getPort() : scheme.equals("https") ? 443 : 80;
    return uri.getHost().toLowerCase(Locale.ROOT) + ":" + port;
  }

  private FileKnowledge file(URI origin) {
    var known = files.get(origin);
    if (known == null) {
      known = new FileKnowledge();
      if (files.size() < FILES_MAX) {
        files.put(origin, known);
      }
    }
    return known;
  }

  /**
   * Remembers the places that are not worse than the origin.
   *
   * @return what is wrong with the others
   */
  synchronized List<String> learn(URI origin, List<Mirror> places) {
    if (!wanted) {
      return List.of();
    }
    var refused = new ArrayList<String>();
    var known = file(origin).mirrors;
    for (var place : places) {
      var problem = problem(origin, place.uri());
      if (problem.isPresent()) {
        refused.add(Quote.quote(place.uri().toString()) + " " + problem.get());
      } else if (known.size() < MIRRORS_MAX && !place.uri().equals(origin)) {
        known.merge(place.uri(), place.priority(), Math::min);
      }
    }
    return refused;
  }

  private static Optional<String> problem(URI origin, URI place) {
    String scheme = String.valueOf(place.getScheme()).toLowerCase(Locale.ROOT);
    if (!scheme.equals("http") && !scheme.equals("https")) {
      return Optional.of("is neither http nor https");
    }
    if (place.getHost() == null || place.getRawUserInfo() != null) {
      return Optional.of("has no plain host name");
    }
    if (scheme.equals("http") && "https".equalsIgnoreCase(origin.getScheme())) {
      return Optional.of("would give up the encryption");
    }
    return Optional.empty();
  }

  /** Remembers where a list of mirrors is, until it is asked for. */
  synchronized void listedAt(URI origin, URI metalink) {
    if (wanted && problem(origin, metalink).isEmpty()) {
      file(origin).metalink = Optional.of(metalink);
    }
  }

  /** The same for a place where a list may be, unless one was named. */
  synchronized void offerList(URI origin, URI metalink) {
    if (file(origin).metalink.isEmpty()) {
      listedAt(origin, metalink);
    }
  }

  /** The list of mirrors of a file, given out once. */
  synchronized Optional<URI> unreadList(URI origin) {
    var known = file(origin);
    if (known.metalinkAsked) {
      return Optional.empty();
    }
    known.metalinkAsked = known.metalink.isPresent();
    return known.metalink;
  }

  synchronized void sized(URI origin, long bytes) {
    file(origin).sizeBytes = OptionalLong.of(bytes);
  }

  /** What the list of mirrors says. */
  synchronized OptionalLong sizeBytes(URI origin) {
    return file(origin).sizeBytes;
  }

  synchronized void failed(URI address) {
    bad.add(server(address));
  }

  synchronized boolean avoided(URI origin, URI address) {
    return bad.contains(server(address)) || distrusted(origin, address);
  }

  /** Whether it sent other bytes than were signed. */
  synchronized boolean distrusted(URI origin, URI address) {
    return file(origin).distrusted.contains(server(address));
  }

  synchronized void served(URI origin, URI address) {
    file(origin).served.add(server(address));
    file(origin).answered = Optional.of(address);
  }

  /** Where parts of the file came from last, if that is still a good place. */
  synchronized URI lastAnswered(URI origin) {
    return file(origin).answered.filter(last -> !avoided(origin, last)).orElse(origin);
  }

  /** Where to ask first: the origin, which knows best, unless it sent the wrong bytes. */
  synchronized URI start(URI origin) {
    return distrusted(origin, origin) ? next(origin, Set.of()).orElse(origin) : origin;
  }

  /** Everything that sent bytes of a file is distrusted from now on, for that file. */
  synchronized boolean distrust(URI origin) {
    var known = file(origin);
    known.distrusted.addAll(known.served);
    known.served.clear();
    known.answered = Optional.empty();
    boolean unread = known.metalink.isPresent() && !known.metalinkAsked;
    return unread || next(origin, Set.of()).isPresent();
  }

  synchronized void measured(URI address, long bytes, long nanos) {
    bytesPerSecond.put(server(address), bytes * 1e9 / Math.max(1, nanos));
  }

  /** The fastest of those that sent something already, else the one with the best priority. */
  synchronized Optional<URI> next(URI origin, Set<URI> tried) {
    return file(origin).mirrors.entrySet().stream()
        .filter(entry -> !tried.contains(entry.getKey()))
        .filter(entry -> !avoided(origin, entry.getKey()))
        .min(
            Comparator.<Map.Entry<URI, Integer>>comparingDouble(
                    entry -> -bytesPerSecond.getOrDefault(server(entry.getKey()), 0.0))
                .thenComparing(Map.Entry::getValue))
        .map(Map.Entry::getKey);
  }
}
