package org.particleos.update.definition;

import java.nio.file.Path;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * One {@code key=value} of a file, trimmed.
 *
 * @param line from 1, where it starts
 */
record Assignment(Path file, int line, String section, String key, String value) {
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
