package org.particleos.update.definition;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * Reads the INI dialect of transfer, feature and component files (transfer-files.md 2). It is our
 * own because no library has its rules for continued lines, comments in between, and what is fatal.
 */
final class IniReader {
  /** Of a physical line, and of a line joined from continued ones. */
  static final int LINE_BYTES_MAX = 1 << 20;

  private static final String EXTENSION_PREFIX = "X-";
  private static final char BYTE_ORDER_MARK = '\ufeff';

  /** Ends a known section that stands for all those with a name in place of the star. */
  private static final String ANY_NAME = " *";

  private final Path file;
  private final Set<String> knownSections;
  private final Warnings warnings;

  private final List<Assignment> assignments = new ArrayList<>();

  private sealed interface Section {
    /** Before the first header. */
    record None() implements Section {}

    /** Of something else, ignored. */
    record Foreign() implements Section {}

    record Known(String name, int line) implements Section {}
  }

  private Section section = new Section.None();

  /**
   * @param knownSections their names; {@code Component *} stands for {@code Component} with a name
   *     behind it
   */
  IniReader(Path file, Set<String> knownSections, Warnings warnings) {
    this.file = file;
    this.knownSections = knownSections;
    this.warnings = warnings;
  }

  /** The assignments in known sections, in order. */
  List<Assignment> read(byte[] content) throws UpdateException {
    var logical = new StringBuilder();
    int logicalBytes = 0;
    int logicalLine = 0;
    boolean markSeen = false;
    int line = 0;
    int start = 0;
    while (start < content.length) {
      line++;
      int end = start;
      while (end < content.length && content[end] != '\n') {
        end++;
      }
      byte[] physical = Arrays.copyOfRange(content, start, end);
      start = end + 1;
      checkLength(physical.length, line);
      if (!markSeen && startsWithMark(physical)) {
        markSeen = true;
        physical = Arrays.copyOfRange(physical, 3, physical.length);
      }
      if (isComment(physical)) {
        continue;
      }
      if (logical.isEmpty()) {
        logicalLine = line;
      }
      logicalBytes += physical.length;
      checkLength(logicalBytes, logicalLine);
      String text = decoded(physical, line);
      if (endsInSingleBackslash(text)) {
        logical.append(text, 0, text.length() - 1).append(' ');
      } else {
        accept(logical.append(text).toString(), logicalLine);
        logical.setLength(0);
        logicalBytes = 0;
      }
    }
    // The file ended within a continued line.
    accept(logical.toString(), logicalLine);
    return List.copyOf(assignments);
  }

  private void accept(String logical, int line) throws UpdateException {
    String text = trim(logical);
    if (text.isEmpty()) {
      return;
    }
    if (text.startsWith("[")) {
      section = header(text, line);
      return;
    }
    switch (section) {
      case Section.Foreign() -> {}
      case Section.None() ->
          warnings.add(file, line, "ignored " + Quote.quote(text) + ": it is before any section");
      case Section.Known(var name, var header) -> {
        int equals = text.indexOf('=');
        if (equals < 0) {
          warnings.add(file, line, "ignored " + Quote.quote(text) + ": it has no \"=\"");
        } else if (equals == 0) {
          warnings.add(file, line, "ignored " + Quote.quote(text) + ": it has no key");
        } else {
          String key = trim(text.substring(0, equals));
          if (!key.startsWith(EXTENSION_PREFIX)) {
            assignments.add(
                new Assignment(file, line, header, name, key, trim(text.substring(equals + 1))));
          }
        }
      }
    }
  }

  private Section header(String text, int line) throws UpdateException {
    if (!text.endsWith("]")) {
      throw fatal(line, "the section header " + Quote.quote(text) + " does not end with \"]\"");
    }
    String name = text.substring(1, text.length() - 1);
    if (!SafeName.isPlainText(name)) {
      throw fatal(
          line,
          "the section name "
              + Quote.quote(name)
              + " has control characters, backslashes, quotes or one of * ? [");
    }
    if (isKnown(name)) {
      return new Section.Known(name, line);
    }
    if (!name.startsWith(EXTENSION_PREFIX)) {
      warnings.add(
          file,
          line,
          "ignored the section "
              + Quote.quote(name)
              + "; this kind of file has "
              + String.join(", ", knownSections.stream().sorted().toList()));
    }
    return new Section.Foreign();
  }

  /** No header has a star: it was refused before. */
  private boolean isKnown(String name) {
    int space = name.indexOf(' ');
    return knownSections.contains(name)
        || (space > 0 && knownSections.contains(name.substring(0, space) + ANY_NAME));
  }

  private void checkLength(int bytes, int line) throws UpdateException {
    if (bytes > LINE_BYTES_MAX) {
      throw fatal(line, "the line is longer than " + LINE_BYTES_MAX + " bytes");
    }
  }

  private String decoded(byte[] bytes, int line) throws UpdateException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw UpdateException.because(
              Reason.DEFINITION_INVALID, "refused " + file + ":" + line + ": it is not valid UTF-8")
          .remedy("save the file in UTF-8")
          .cause(e)
          .configuration();
    }
  }

  private UpdateException fatal(int line, String why) {
    return UpdateException.because(
            Reason.DEFINITION_INVALID, "refused " + file + ":" + line + ": " + why)
        .remedy("correct the line, or hide the file by an empty one of its name in /etc")
        .configuration();
  }

  private static boolean startsWithMark(byte[] bytes) {
    byte[] mark = String.valueOf(BYTE_ORDER_MARK).getBytes(StandardCharsets.UTF_8);
    return Arrays.equals(bytes, 0, Math.min(bytes.length, mark.length), mark, 0, mark.length);
  }

  /** A comment need not be UTF-8: it is dropped before anything else is looked at. */
  private static boolean isComment(byte[] bytes) {
    for (byte b : bytes) {
      if (!isWhitespace(b)) {
        return b == '#' || b == ';';
      }
    }
    return false;
  }

  /** Backslashes pair up; an odd one at the end continues the line. */
  private static boolean endsInSingleBackslash(String text) {
    int backslashes = 0;
    while (backslashes < text.length() && text.charAt(text.length() - 1 - backslashes) == '\\') {
      backslashes++;
    }
    return backslashes % 2 == 1;
  }

  static boolean isWhitespace(int c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
  }

  static String trim(String text) {
    int start = 0;
    int end = text.length();
    while (start < end && isWhitespace(text.charAt(start))) {
      start++;
    }
    while (end > start && isWhitespace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(start, end);
  }
}
