package org.particleos.update.service;

import java.util.List;
import java.util.Map;

/**
 * What the daemon writes to the journal. Messages are one line; control characters of others are
 * escaped here at the latest. Safe for use by several threads.
 */
public final class Log {
  /** The levels of syslog(3) that are used here, most urgent first. */
  public enum Level {
    EMERGENCY("emerg", 0),
    ALERT("alert", 1),
    CRITICAL("crit", 2),
    ERROR("err", 3),
    WARNING("warning", 4),
    NOTICE("notice", 5),
    INFO("info", 6),
    DEBUG("debug", 7);

    private final String text;
    private final int priority;

    Level(String text, int priority) {
      this.text = text;
      this.priority = priority;
    }

    /** As the journal and {@code org.freedesktop.LogControl1} call it. */
    public String text() {
      return text;
    }

    /** 0 to 7. */
    public int priority() {
      return priority;
    }
  }

  /** Where lines go. */
  public interface Sink {
    /**
     * Writes one line.
     *
     * @param fields of the journal, with names in capital letters
     */
    void write(Level level, String message, Map<String, String> fields);
  }

  private final Sink sink;
  private volatile Level threshold = Level.INFO;

  public Log(Sink sink) {
    this.sink = sink;
  }

  /** Nothing less urgent than this is written. */
  public Level threshold() {
    return threshold;
  }

  public void threshold(Level level) {
    threshold = level;
  }

  public void write(Level level, String message, Map<String, String> fields) {
    if (level.compareTo(threshold) <= 0) {
      sink.write(level, escaped(message), fields);
    }
  }

  public void error(String message) {
    write(Level.ERROR, message, Map.of());
  }

  public void warning(String message) {
    write(Level.WARNING, message, Map.of());
  }

  public void notice(String message) {
    write(Level.NOTICE, message, Map.of());
  }

  public void info(String message) {
    write(Level.INFO, message, Map.of());
  }

  public void debug(String message) {
    write(Level.DEBUG, message, Map.of());
  }

  /** All levels there are, for those who choose one by its name. */
  public static List<Level> levels() {
    return List.of(Level.values());
  }

  private static String escaped(String message) {
    if (message.codePoints().noneMatch(Log::isUnsafe)) {
      return message;
    }
    var out = new StringBuilder();
    message
        .codePoints()
        .forEach(point -> {
          if (isUnsafe(point)) {
            out.append(String.format("\\u{%x}", point));
          } else {
            out.appendCodePoint(point);
          }
        });
    return out.toString();
  }

  private static boolean isUnsafe(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      default -> false;
    };
  }
}
