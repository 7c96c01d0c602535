package org.particleos.update.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.particleos.update.linux.UnixDatagrams;
import org.particleos.update.service.Log;

/**
 * Where the daemon's messages go. To the journal by its own protocol where there is one and the
 * service manager says that it listens ({@code $JOURNAL_STREAM}): only that carries fields, by
 * which {@code journalctl PARTICLE_UPDATE_VERSION=42} finds what happened to a version. Else to the
 * error stream, with the priority in front if the journal reads that (sd-daemon(3)).
 */
final class DaemonLog implements Log.Sink, AutoCloseable {
  private static final Path SOCKET = Path.of("/run/systemd/journal/socket");

  /** The journal reads at once; nobody is held up by one that does not. */
  private static final int WAIT_MILLIS = 200;

  private final PrintStream err;
  private final boolean priorities;
  private @Nullable UnixDatagrams journal;

  private DaemonLog(PrintStream err, boolean priorities, @Nullable UnixDatagrams journal) {
    this.err = err;
    this.priorities = priorities;
    this.journal = journal;
  }

  static DaemonLog of(Map<String, String> environment, PrintStream err) {
    return of(environment, err, SOCKET);
  }

  static DaemonLog of(Map<String, String> environment, PrintStream err, Path socket) {
    boolean listens = !environment.getOrDefault("JOURNAL_STREAM", "").isEmpty();
    UnixDatagrams journal = null;
    if (listens && Files.exists(socket)) {
      try {
        journal = UnixDatagrams.to(socket.toString(), WAIT_MILLIS);
      } catch (IOException _) {
        // The error stream it is.
      }
    }
    return new DaemonLog(err, listens, journal);
  }

  @Override
  public synchronized void write(Log.Level level, String message, Map<String, String> fields) {
    if (!sent(level, message, fields)) {
      err.println(
          priorities
              ? "<" + level.priority() + ">" + message
              : ParticleUpdate.NAME + ": " + message);
    }
  }

  private boolean sent(Log.Level level, String message, Map<String, String> fields) {
    if (journal == null) {
      return false;
    }
    Map<String, String> all = new LinkedHashMap<>();
    all.put("MESSAGE", message);
    all.put("PRIORITY", Integer.toString(level.priority()));
    all.put("SYSLOG_IDENTIFIER", ParticleUpdate.NAME);
    all.putAll(fields);
    try {
      return journal.send(datagram(all), true);
    } catch (IOException _) {
      return false; // restarting, or the message is too long for it
    }
  }

  /** systemd.io/JOURNAL_NATIVE_PROTOCOL: a value of several lines has its length in front. */
  static byte[] datagram(Map<String, String> fields) {
    var bytes = new ByteArrayOutputStream();
    fields.forEach((name, value) -> {
      byte[] text = value.getBytes(StandardCharsets.UTF_8);
      bytes.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
      if (value.indexOf('\n') < 0) {
        bytes.write('=');
      } else {
        bytes.write('\n');
        bytes.writeBytes(
            ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .array());
      }
      bytes.writeBytes(text);
      bytes.write('\n');
    });
    return bytes.toByteArray();
  }

  @Override
  public synchronized void close() {
    Optional.ofNullable(journal).ifPresent(UnixDatagrams::close);
    journal = null;
  }
}
