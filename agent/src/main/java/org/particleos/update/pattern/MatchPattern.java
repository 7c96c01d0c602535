package org.particleos.update.pattern;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.version.Version;

/**
 * One word of {@code MatchPattern=}, such as {@code ParticleOS_@v+@l-@d.efi} (transfer-files.md 9.2
 * to 9.4). It recognises names and makes them. Two patterns are equal if they are spelled the same.
 *
 * <p>There is no backtracking: what a wildcard captures ends at the first occurrence of the literal
 * that follows it. Hence matching is linear in the length of the string, whatever a server sends.
 */
public final class MatchPattern {
  private static final String ANYWHERE_PREFIX = "**/";
  private static final String FORBIDDEN_LITERALS = "$*?[]!\\|";
  private static final int FILE_NAME_BYTES_MAX = 255;

  private sealed interface Element {}

  private record Literal(String text) implements Element {}

  private record Slash() implements Element {}

  private record Capture(Wildcard wildcard) implements Element {}

  private final String text;
  private final boolean anywhere;
  private final List<Element> elements;

  private MatchPattern(String text, boolean anywhere, List<Element> elements) {
    this.text = text;
    this.anywhere = anywhere;
    this.elements = List.copyOf(elements);
  }

  /**
   * Reads one word.
   *
   * @param anywherePrefixAllowed whether {@code **}{@code /} may precede it: on the source side
   *     only
   * @throws InvalidPatternException if the word is no pattern
   */
  public static MatchPattern parse(String word, boolean anywherePrefixAllowed)
      throws InvalidPatternException {
    boolean anywhere = word.startsWith(ANYWHERE_PREFIX);
    if (anywhere && !anywherePrefixAllowed) {
      throw new InvalidPatternException("the prefix \"**/\" is for the source only");
    }
    String rest = anywhere ? word.substring(ANYWHERE_PREFIX.length()) : word;
    if (anywhere) {
      checkFileName(rest);
    }
    var elements = elementsOf(rest);
    checkOrder(elements);
    checkComponents(rest);
    return new MatchPattern(word, anywhere, elements);
  }

  /** As it stands in the file, after specifiers. */
  public String text() {
    return text;
  }

  /** Whether it has the prefix {@code **}{@code /} and looks at the last path component only. */
  public boolean isAnywhere() {
    return anywhere;
  }

  MatchPattern withoutAnywhere() {
    return anywhere
        ? new MatchPattern(text.substring(ANYWHERE_PREFIX.length()), false, elements)
        : this;
  }

  /** What the pattern says about a name, which may be a path with slashes. */
  public PatternMatch match(String string) {
    String subject = anywhere ? string.substring(string.lastIndexOf('/') + 1) : string;
    Optional<Version> version = Optional.empty();
    var fields = new ArrayList<Function<InstanceMetadata, InstanceMetadata>>();
    int cursor = 0;
    for (int i = 0; i < elements.size(); i++) {
      switch (elements.get(i)) {
        case Literal(var literal) -> {
          if (!subject.startsWith(literal, cursor)) {
            return new PatternMatch.No();
          }
          cursor += literal.length();
        }
        case Slash() -> {
          if (cursor == subject.length()) {
            return new PatternMatch.Descend();
          }
          if (!subject.startsWith("/", cursor)) {
            return new PatternMatch.No();
          }
          cursor++;
        }
        case Capture(var wildcard) -> {
          int end = endOfCapture(subject, cursor, i + 1);
          if (end < 0) {
            return new PatternMatch.No();
          }
          String captured = subject.substring(cursor, end);
          var field = wildcard.capture(captured);
          if (field.isEmpty()) {
            return new PatternMatch.No();
          }
          if (wildcard == Wildcard.VERSION) {
            version = Version.parse(captured);
          } else {
            fields.add(field.get());
          }
          cursor = end;
        }
      }
    }
    if (cursor != subject.length() || version.isEmpty()) {
      return new PatternMatch.No();
    }
    var metadata = InstanceMetadata.of(version.get());
    for (var field : fields) {
      metadata = field.apply(metadata);
    }
    return new PatternMatch.Match(metadata);
  }

  /** Where the text for a wildcard ends, given what follows it; negative if nowhere. */
  private int endOfCapture(String subject, int cursor, int next) {
    if (next == elements.size()) {
      return subject.length();
    }
    return switch (elements.get(next)) {
      case Literal(var literal) -> subject.indexOf(literal, cursor);
      case Slash() -> {
        int slash = subject.indexOf('/', cursor);
        yield slash < 0 ? subject.length() : slash;
      }
      case Capture _ -> throw new AssertionError("adjacent wildcards were refused in parse");
    };
  }

  /**
   * The name of an instance with these fields: a relative path without {@code .}, {@code ..} or
   * empty components. The numbers of boot attempts have defaults, every other field that the
   * pattern uses must be set.
   *
   * @throws UpdateException with {@link Reason#NAME_NOT_FORMATTABLE} naming the unset field
   */
  public String format(InstanceMetadata fields) throws UpdateException {
    var name = new StringBuilder();
    for (Element element : elements) {
      switch (element) {
        case Literal(var literal) -> name.append(literal);
        case Slash() -> name.append('/');
        case Capture(var wildcard) -> {
          var value = wildcard.produce(fields);
          if (value.isEmpty()) {
            throw UpdateException.because(
                    Reason.NAME_NOT_FORMATTABLE,
                    "refused to name version "
                        + fields.version()
                        + " by the pattern "
                        + Quote.quote(text)
                        + ": "
                        + wildcard.text()
                        + " needs "
                        + wildcard.field()
                        + ", which is not known")
                .found("neither the source name nor a key of [Target] gives " + wildcard.field())
                .remedy("add " + wildcard.text() + " to the source pattern or set it in [Target]")
                .configuration();
          }
          name.append(value.get());
        }
      }
    }
    // ".." is a valid version, and must not become a way out of the target directory.
    for (String component : name.toString().split("/", -1)) {
      if (component.isEmpty() || component.equals(".") || component.equals("..")) {
        throw UpdateException.because(
                Reason.NAME_NOT_FORMATTABLE,
                "refused to name version "
                    + fields.version()
                    + " by the pattern "
                    + Quote.quote(text)
                    + ": the result leaves its directory")
            .found(Quote.quote(name.toString()))
            .remedy("put other characters beside the wildcards of this pattern")
            .configuration();
      }
    }
    return name.toString();
  }

  private static List<Element> elementsOf(String word) throws InvalidPatternException {
    var elements = new ArrayList<Element>();
    var seen = EnumSet.noneOf(Wildcard.class);
    var literal = new StringBuilder();
    for (int i = 0; i < word.length(); i++) {
      char c = word.charAt(i);
      if (c == '@' && i + 1 == word.length()) {
        throw new InvalidPatternException("it ends in a single \"@\"; write \"@@\" for an at sign");
      }
      if (c == '@' && word.charAt(i + 1) == '@') {
        literal.append('@');
        i++;
      } else if (c == '@') {
        i++;
        String spelled = "@" + word.charAt(i);
        var wildcard =
            Wildcard.of(word.charAt(i))
                .orElseThrow(() ->
                    new InvalidPatternException(
                        Quote.quote(spelled)
                            + " is no wildcard; there are"
                            + " @v @u @f @t @m @s @d @l @a @r @g @h"));
        if (!seen.add(wildcard)) {
          throw new InvalidPatternException(spelled + " appears twice");
        }
        flush(literal, elements);
        elements.add(new Capture(wildcard));
      } else if (c == '/') {
        flush(literal, elements);
        elements.add(new Slash());
      } else if (c < 0x20 || c > 0x7e || FORBIDDEN_LITERALS.indexOf(c) >= 0) {
        throw new InvalidPatternException(
            "the character "
                + Quote.quote(String.valueOf(c))
                + " is not allowed; printable ASCII without "
                + FORBIDDEN_LITERALS
                + " is");
      } else {
        literal.append(c);
      }
    }
    flush(literal, elements);
    if (!seen.contains(Wildcard.VERSION)) {
      throw new InvalidPatternException("it lacks @v, the version");
    }
    return elements;
  }

  private static void flush(StringBuilder literal, List<Element> elements) {
    if (!literal.isEmpty()) {
      elements.add(new Literal(literal.toString()));
      literal.setLength(0);
    }
  }

  private static void checkOrder(List<Element> elements) throws InvalidPatternException {
    for (int i = 1; i < elements.size(); i++) {
      if (elements.get(i - 1) instanceof Capture(var before)
          && elements.get(i) instanceof Capture(var after)) {
        throw new InvalidPatternException(
            before.text() + " and " + after.text() + " need a character or slash between them");
      }
    }
  }

  /**
   * Deviation: the reference accepts {@code ../os_@v} and {@code /os_@v} and never matches them; a
   * target so named would leave its directory.
   */
  private static void checkComponents(String word) throws InvalidPatternException {
    for (String component : word.split("/", -1)) {
      if (component.isEmpty() || component.equals(".") || component.equals("..")) {
        throw new InvalidPatternException(
            "it has the path component " + Quote.quote(component) + ", which names no file");
      }
    }
  }

  private static void checkFileName(String rest) throws InvalidPatternException {
    int bytes = rest.getBytes(StandardCharsets.UTF_8).length;
    if (rest.contains("/") || bytes < 1 || bytes > FILE_NAME_BYTES_MAX) {
      throw new InvalidPatternException(
          "a file name of 1 to "
              + FILE_NAME_BYTES_MAX
              + " bytes without slash must follow \"**/\"");
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MatchPattern pattern && pattern.text.equals(text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  @Override
  public String toString() {
    return text;
  }
}
