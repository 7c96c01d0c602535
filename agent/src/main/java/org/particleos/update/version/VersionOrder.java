package org.particleos.update.version;

/**
 * The order of the UAPI Version Format Specification (transfer-files.md 10.2), for any text.
 *
 * <p>What may follow a common prefix, oldest first: {@code ~}, end of string, {@code -}, {@code ^},
 * {@code .}, letters, digits. Only ASCII counts; everything else separates. Numbers may be of any
 * length.
 */
public final class VersionOrder {
  private static final int END = -1;

  private VersionOrder() {}

  /** Negative if {@code a} is older than {@code b}, zero if they are the same version. */
  public static int compare(String a, String b) {
    var left = new Cursor(a);
    var right = new Cursor(b);
    while (true) {
      // 1. Characters without a meaning only separate.
      left.skipSeparators();
      right.skipSeparators();

      // 2. A tilde is older than anything, even than the end.
      int order = marked(left, right, '~');
      if (order != 0) {
        return order;
      }

      // 3. Who ended is older.
      if (left.at() == END || right.at() == END) {
        return Boolean.compare(left.at() != END, right.at() != END);
      }

      // 4. to 6. Each may be consumed in the same round, in this order.
      for (char mark : new char[] {'-', '^', '.'}) {
        order = marked(left, right, mark);
        if (order != 0) {
          return order;
        }
      }

      // 7. and 8. Numbers beat letters; 9. if undecided, continue after both runs.
      order =
          isDigit(left.at()) || isDigit(right.at())
              ? compareNumbers(left.digits(), right.digits())
              : Integer.signum(left.letters().compareTo(right.letters()));
      if (order != 0) {
        return order;
      }
    }
  }

  static boolean isDigit(int c) {
    return c >= '0' && c <= '9';
  }

  static boolean isLetter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  /** Who alone is at the mark is older; if both are, both go past it. */
  private static int marked(Cursor left, Cursor right, char mark) {
    boolean leftAt = left.at() == mark;
    boolean rightAt = right.at() == mark;
    if (leftAt && rightAt) {
      left.position++;
      right.position++;
    }
    return Boolean.compare(rightAt, leftAt);
  }

  private static int compareNumbers(String a, String b) {
    if (a.isEmpty() || b.isEmpty()) {
      return Boolean.compare(!a.isEmpty(), !b.isEmpty());
    }
    String left = withoutLeadingZeros(a);
    String right = withoutLeadingZeros(b);
    return left.length() != right.length()
        ? Integer.compare(left.length(), right.length())
        : Integer.signum(left.compareTo(right));
  }

  private static String withoutLeadingZeros(String digits) {
    int start = 0;
    while (start < digits.length() && digits.charAt(start) == '0') {
      start++;
    }
    return digits.substring(start);
  }

  private static final class Cursor {
    private final String text;
    private int position;

    private Cursor(String text) {
      this.text = text;
    }

    private int at() {
      return position < text.length() ? text.charAt(position) : END;
    }

    private void skipSeparators() {
      while (at() != END && !isDigit(at()) && !isLetter(at()) && "~-^.".indexOf(at()) < 0) {
        position++;
      }
    }

    private String digits() {
      int start = position;
      while (isDigit(at())) {
        position++;
      }
      return text.substring(start, position);
    }

    private String letters() {
      int start = position;
      while (isLetter(at())) {
        position++;
      }
      return text.substring(start, position);
    }
  }
}
