package org.particleos.update.definition;

import java.nio.file.Path;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * One {@code key=value} of a file, trimmed.
 *
 * @param line from 1, where it starts
 * @param headerLine where the header of its section is: two sections may have one name
 */
public record Assignment(
    Path file, int line, int headerLine, String section, String key, String value) {
  /** Whether both stand below the same header. */
  boolean sameSection(Assignment other) {
    return file.equals(other.file) && headerLine == other.headerLine;
  }

  /** {@code /etc/sysupdate.d/50-usr.transfer:7: [Source] Type=}, for messages. */
  String place() {
    return file + ":" + line + ": [" + section + "] " + key + "=";
  }

  /** A failure because of this assignment; {@code why} is a clause, {@code allowed} a sentence. */
  UpdateException refused(String why, String allowed) {
    return UpdateException.because(
            Reason.DEFINITION_INVALID, "refused " + place() + Quote.quote(value) + ": " + why)
        .found(Quote.quote(value))
        .remedy(allowed)
        .configuration();
  }
}
