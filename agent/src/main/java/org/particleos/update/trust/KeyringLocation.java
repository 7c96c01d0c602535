package org.particleos.update.trust;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/**
 * Where the keyrings of one installation are (transfer-files.md 12.3).
 *
 * @param root the installation; {@code /} for the running one
 * @param environment of this process. {@code $SYSTEMD_OPENPGP_KEYRING} names a file that is used
 *     instead of all others; it is not looked up below {@code root}
 */
public record KeyringLocation(Path root, Map<String, String> environment) implements KeyringSource {
  private static final String OVERRIDE = "SYSTEMD_OPENPGP_KEYRING";
  private static final String LOCAL_PGP = "etc/systemd/import-pubring.pgp";
  private static final String LOCAL_GPG = "etc/systemd/import-pubring.gpg";
  private static final String VENDOR = "usr/lib/systemd/import-pubring.pgp";

  public KeyringLocation {
    environment = Map.copyOf(environment);
  }

  /**
   * The files to use, at least one; the local one before that of the vendor.
   *
   * @throws UpdateException.NotTrusted {@link Reason#KEYRING_MISSING}
   * @throws UpdateException.Configuration {@link Reason#OPTION_INVALID} if the environment names a
   *     path that is not absolute and normalised
   */
  public List<Path> find() throws UpdateException {
    var override = environment.getOrDefault(OVERRIDE, "");
    if (!override.isEmpty()) {
      return List.of(exclusive(override));
    }
    var files = new ArrayList<Path>();
    var localPgp = root.resolve(LOCAL_PGP);
    var localGpg = root.resolve(LOCAL_GPG);
    var vendor = root.resolve(VENDOR);
    if (Files.exists(localPgp)) {
      files.add(localPgp);
    } else if (Files.exists(localGpg)) {
      files.add(localGpg);
    }
    if (Files.exists(vendor)) {
      files.add(vendor);
    }
    if (files.isEmpty()) {
      throw missing(localPgp, localGpg, vendor);
    }
    return List.copyOf(files);
  }

  private static Path exclusive(String text) throws UpdateException {
    // Compared as text: parsing a path already drops doubled and trailing slashes.
    if (!text.startsWith("/")
        || text.indexOf('\0') >= 0
        || !Path.of(text).normalize().toString().equals(text)) {
      throw UpdateException.because(
              Reason.OPTION_INVALID,
              "refused $" + OVERRIDE + ": it is no absolute, normalised path")
          .found(Quote.quote(text))
          .remedy("name the keyring by its full path, without \"..\", \".\" and doubled slashes")
          .configuration();
    }
    var file = Path.of(text);
    if (!Files.exists(file)) {
      throw UpdateException.because(
              Reason.KEYRING_MISSING, "refused to verify signatures: there is no keyring")
          .found("$" + OVERRIDE + " names " + Quote.quote(text) + ", which does not exist")
          .remedy("put the publisher's keys there, or unset $" + OVERRIDE)
          .notTrusted();
    }
    return file;
  }

  private static UpdateException missing(Path localPgp, Path localGpg, Path vendor) {
    return UpdateException.because(
            Reason.KEYRING_MISSING, "refused to verify signatures: there is no keyring")
        .found("none of " + localPgp + ", " + localGpg + " and " + vendor + " exists")
        .remedy(
            "get the publisher's key by a trusted way and write it with `gpg --export` to "
                + localPgp)
        .notTrusted();
  }

  @Override
  public Keyring load() throws UpdateException {
    return Keyring.load(find());
  }
}
