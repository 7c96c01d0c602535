package org.particleos.update.definition;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;

/**
 * Shell patterns as fnmatch(3) has them without flags: {@code *}, {@code ?}, sets such as {@code
 * [a-f]}, {@code [!0-9]} or {@code [[:digit:]]}, and backslashes. Takes at most the product of both
 * lengths.
 */
final class Glob {
  private Glob() {}

  private sealed interface Element {
    /** Any text, be it empty. */
    record Star() implements Element {}

    /** One character. */
    record One(IntPredicate accepts) implements Element {}
  }

  static boolean matchesIgnoringCase(String pattern, String text) {
    return matches(pattern.toLowerCase(Locale.ROOT), text.toLowerCase(Locale.ROOT));
  }

  static boolean matches(String pattern, String text) {
    List<Element> elements = elements(pattern.codePoints().toArray());
    int[] characters = text.codePoints().toArray();
    int element = 0;
    int character = 0;
    // Where to go on if a later element fails: behind the last star, one character further.
    int afterStar = -1;
    int retryAt = 0;
    while (character < characters.length) {
      if (element < elements.size() && elements.get(element) instanceof Element.Star) {
        afterStar = ++element;
        retryAt = character;
      } else if (element < elements.size()
          && elements.get(element) instanceof Element.One(var accepts)
          && accepts.test(characters[character])) {
        element++;
        character++;
      } else if (afterStar >= 0) {
        element = afterStar;
        character = ++retryAt;
      } else {
        return false;
      }
    }
    return elements.subList(element, elements.size()).stream()
        .allMatch(Element.Star.class::isInstance);
  }

  private static List<Element> elements(int[] pattern) {
    var elements = new ArrayList<Element>();
    int i = 0;
    while (i < pattern.length) {
      switch (pattern[i]) {
        case '*' -> elements.add(new Element.Star());
        case '?' -> elements.add(new Element.One(_ -> true));
        case '[' -> {
          int end = endOfSet(pattern, i);
          if (end < 0) {
            elements.add(literal('['));
          } else {
            elements.add(new Element.One(set(pattern, i + 1, end)));
            i = end;
          }
        }
        case '\\' -> {
          // A last backslash has nothing to protect and stands for itself.
          i = Math.min(i + 1, pattern.length - 1);
          elements.add(literal(pattern[i]));
        }
        default -> elements.add(literal(pattern[i]));
      }
      i++;
    }
    return List.copyOf(elements);
  }

  private static Element literal(int expected) {
    return new Element.One(c -> c == expected);
  }

  /** The index of the bracket that closes the set; negative if none does. */
  private static int endOfSet(int[] pattern, int start) {
    int i = start + 1;
    if (i < pattern.length && isNegation(pattern[i])) {
      i++;
    }
    // A bracket in the first place is a member.
    for (int first = i; i < pattern.length; i++) {
      if (pattern[i] == ']' && i > first) {
        return i;
      }
      if (pattern[i] == '\\') {
        i++;
      } else if (pattern[i] == '[' && endOfClass(pattern, i) > 0) {
        i = endOfClass(pattern, i);
      }
    }
    return -1;
  }

  /** Of {@code [:digit:]} the index of the last bracket; negative if it is no class. */
  private static int endOfClass(int[] pattern, int start) {
    if (start + 1 >= pattern.length || pattern[start + 1] != ':') {
      return -1;
    }
    for (int i = start + 2; i + 1 < pattern.length; i++) {
      if (pattern[i] == ':' && pattern[i + 1] == ']') {
        return i + 1;
      }
      if (pattern[i] < 'a' || pattern[i] > 'z') {
        return -1;
      }
    }
    return -1;
  }

  private static boolean isNegation(int c) {
    return c == '!' || c == '^';
  }

  private static IntPredicate set(int[] pattern, int start, int end) {
    boolean negated = isNegation(pattern[start]);
    IntPredicate members = _ -> false;
    int i = negated ? start + 1 : start;
    while (i < end) {
      int endOfClass = pattern[i] == '[' ? endOfClass(pattern, i) : -1;
      if (endOfClass > 0) {
        members = members.or(characterClass(new String(pattern, i + 2, endOfClass - i - 3)));
        i = endOfClass + 1;
        continue;
      }
      i += pattern[i] == '\\' && i + 1 < end ? 1 : 0;
      int from = pattern[i];
      int to = from;
      if (i + 2 < end && pattern[i + 1] == '-') {
        i += 2;
        i += pattern[i] == '\\' && i + 1 < end ? 1 : 0;
        to = pattern[i];
      }
      int last = to;
      members = members.or(c -> c >= from && c <= last);
      i++;
    }
    return negated ? members.negate() : members;
  }

  /** Of the C locale. A class that does not exist has no members. */
  private static IntPredicate characterClass(String name) {
    return switch (name) {
      case "digit" -> c -> c >= '0' && c <= '9';
      case "lower" -> c -> c >= 'a' && c <= 'z';
      case "upper" -> c -> c >= 'A' && c <= 'Z';
      case "alpha" -> characterClass("lower").or(characterClass("upper"));
      case "alnum" -> characterClass("alpha").or(characterClass("digit"));
      case "xdigit" -> characterClass("digit").or(c -> "abcdefABCDEF".indexOf(c) >= 0);
      case "blank" -> c -> c == ' ' || c == '\t';
      case "space" -> c -> c == ' ' || (c >= '\t' && c <= '\r');
      case "cntrl" -> c -> c < 0x20 || c == 0x7f;
      case "print" -> c -> c >= 0x20 && c < 0x7f;
      case "graph" -> c -> c > 0x20 && c < 0x7f;
      case "punct" -> characterClass("graph").and(characterClass("alnum").negate());
      default -> _ -> false;
    };
  }
}
