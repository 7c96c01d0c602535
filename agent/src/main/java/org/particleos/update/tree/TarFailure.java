package org.particleos.update.tree;

import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** What is wrong with an archive, in the words that all of its readers share. */
final class TarFailure {
  private static final String TELL = "the archive was published like that; tell its publisher";

  private TarFailure() {}

  static UpdateException.NotTrusted damaged(String found) {
    return UpdateException.because(Reason.PAYLOAD_CORRUPT, "refused the archive: it is damaged")
        .found(found)
        .remedy(TELL)
        .notTrusted();
  }

  /** An entry that no tree may have. */
  static UpdateException.NotTrusted unsafe(String entryName, String found) {
    return UpdateException.because(
            Reason.PAYLOAD_UNSAFE, "refused the archive: its entry " + Quote.quote(entryName))
        .found(found)
        .remedy(TELL)
        .notTrusted();
  }

  static UpdateException.NotTrusted tooLarge(String found) {
    return UpdateException.because(Reason.PAYLOAD_TOO_LARGE, "refused the archive: it is too large")
        .found(found)
        .remedy(TELL)
        .notTrusted();
  }
}
