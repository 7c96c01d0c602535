package org.particleos.update.trust;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.Sha256;

/**
 * Checks the {@code BEST-BEFORE-YYYY-MM-DD} entries of a manifest (transfer-files.md 11.4). They
 * let a publisher bound for how long a mirror can hold a machine back with an old, validly signed
 * manifest.
 */
public final class Freshness {
  private static final String PREFIX = "BEST-BEFORE-";
  private static final Pattern DATE = Pattern.compile("([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})");
  private static final Sha256 DIGEST_OF_NOTHING =
      new Sha256("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

  private final InstantSource clock;
  private final boolean enforced;

  /**
   * @param enforced whether a stale manifest is refused; if not, there is a warning. The caller
   *     evaluates {@code $SYSTEMD_SYSUPDATE_VERIFY_FRESHNESS}
   */
  public Freshness(InstantSource clock, boolean enforced) {
    this.clock = clock;
    this.enforced = enforced;
  }

  /**
   * What is left of a manifest that passed.
   *
   * @param entries those that are not valid markers, in the order of the manifest; only these take
   *     part in pattern matching
   * @param notes informational, one per marker that is still good
   * @param warnings markers in the wrong place or form, or stale ones that were let through
   */
  public record Assessment(
      List<Manifest.Entry> entries, List<String> notes, List<String> warnings) {
    public Assessment {
      entries = List.copyOf(entries);
      notes = List.copyOf(notes);
      warnings = List.copyOf(warnings);
    }
  }

  /**
   * Checks every marker; a single stale one is enough to refuse the manifest.
   *
   * @param origin where the manifest is from, for messages
   * @throws UpdateException.NotTrusted {@link Reason#MANIFEST_STALE}
   */
  public Assessment assess(Manifest manifest, String origin) throws UpdateException {
    Instant now = clock.instant();
    var entries = new ArrayList<Manifest.Entry>();
    var notes = new ArrayList<String>();
    var warnings = new ArrayList<String>();
    for (var entry : manifest.entries()) {
      var day = markerDay(entry.name(), warnings);
      if (day.isEmpty()) {
        entries.add(entry);
        continue;
      }
      if (!entry.digest().equals(DIGEST_OF_NOTHING)) {
        warnings.add(
            Quote.quote(entry.name()) + " should have the digest of an empty file; ignored");
      }
      // Kept for compatibility [D-07]: stale from the first moment of the day that is named.
      if (!day.get().atStartOfDay(ZoneOffset.UTC).toInstant().isBefore(now)) {
        notes.add("the manifest " + Quote.quote(origin) + " is good until " + day.get());
      } else if (enforced) {
        throw UpdateException.because(
                Reason.MANIFEST_STALE,
                "refused the manifest " + Quote.quote(origin) + ": its best-before date has passed")
            .found(Quote.quote(entry.name()) + ", it is " + now + " now")
            .remedy(
                "check the clock of this machine; if it is right, the server or a mirror is out of"
                    + " date: try again later or tell the publisher")
            .notTrusted();
      } else {
        warnings.add(
            "the manifest "
                + Quote.quote(origin)
                + " is stale since "
                + day.get()
                + "; used nevertheless since freshness is not enforced");
      }
    }
    return new Assessment(entries, notes, warnings);
  }

  /**
   * The date of a valid marker; empty for an ordinary file name, with a warning if it looks alike.
   */
  private static Optional<LocalDate> markerDay(String name, List<String> warnings) {
    if (!name.startsWith(PREFIX)) {
      if (name.contains("/" + PREFIX)) {
        warnings.add(
            Quote.quote(name) + " is in a subdirectory, where best-before dates are not honoured");
      }
      return Optional.empty();
    }
    var date = parseDate(name.substring(PREFIX.length()));
    if (date.isEmpty()) {
      warnings.add(Quote.quote(name) + " names no date; treated as an ordinary file name");
    }
    return date;
  }

  private static Optional<LocalDate> parseDate(String text) {
    var matcher = DATE.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          LocalDate.of(
              Integer.parseInt(matcher.group(1)),
              Integer.parseInt(matcher.group(2)),
              Integer.parseInt(matcher.group(3))));
    } catch (DateTimeException impossible) {
      // A day such as 30 February: no date, which the caller turns into a warning.
      return Optional.empty();
    }
  }
}
