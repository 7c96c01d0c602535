package org.particleos.update.loader;

import java.util.Optional;
import org.particleos.update.version.Version;

/** What is to be done with one slot, and why. */
public sealed interface Verdict {
  /** Nothing is there and nothing is to be there. */
  record Absent() implements Verdict {}

  /** What is offered is there already. */
  record Current(Version version) implements Verdict {}

  /** What is there is newer than what is offered; there is no way back. */
  record Newer(Version installed, Version offered) implements Verdict {}

  /** It is ours, and nothing is offered for its machine. */
  record NotOffered(Version installed) implements Verdict {}

  /** It is not ours and stays as it is. */
  record Foreign(String why) implements Verdict {}

  /** Something older is replaced. */
  record Replace(Version installed, LoaderOffer offer) implements Verdict {}

  /** It is put where nothing was. */
  record Create(LoaderOffer offer) implements Verdict {}

  /** Decides; touches nothing. */
  static Verdict of(LoaderFile found, Optional<LoaderOffer> offered, boolean createMissing) {
    return switch (found) {
      case LoaderFile.Missing() ->
          createMissing && offered.isPresent() ? new Create(offered.get()) : new Absent();
      case LoaderFile.Foreign(var why) -> new Foreign(why);
      case LoaderFile.Ours(var installed, _) -> {
        if (offered.isEmpty()) {
          yield new NotOffered(installed);
        }
        int order = installed.compareTo(offered.get().version());
        yield order < 0
            ? new Replace(installed, offered.get())
            : order == 0 ? new Current(installed) : new Newer(installed, offered.get().version());
      }
    };
  }
}
