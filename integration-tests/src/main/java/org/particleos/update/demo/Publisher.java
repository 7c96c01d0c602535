package org.particleos.update.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Publishes releases in a folder as the build service does: compressed payloads, {@code SHA256SUMS}
 * and its detached signature by a key made for the occasion.
 */
public final class Publisher implements AutoCloseable {
  private static final String SIGNER = "particle-update demo <demo@example.org>";

  /** More than the agent has sockets, each of which may vanish under one walk. */
  private static final int WALKS_MAX = 10;

  private final Path web;
  private final Path gnupgHome;
  private final String architecture;

  /**
   * Makes a fresh signing key.
   *
   * @param web what the server will offer
   * @param architecture as in file names, {@code x86-64} or {@code arm64}
   */
  public Publisher(Path web, String architecture) throws IOException {
    this.web = Files.createDirectories(web);
    this.architecture = architecture;
    // Not below the work folder: the agent's socket must have a short path.
    this.gnupgHome =
        Files.createTempDirectory(
            "pu-gpg",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    gpg(this.web, "--quick-generate-key", SIGNER, "ed25519", "sign", "never");
  }

  private String gpg(Path folder, String... arguments) throws IOException {
    String[] command =
        Stream.concat(
                Stream.of(
                    "gpg",
                    "--homedir",
                    gnupgHome.toString(),
                    "--batch",
                    "--quiet",
                    "--yes",
                    "--passphrase",
                    ""),
                Stream.of(arguments))
            .toArray(String[]::new);
    return Tool.run(folder, command);
  }

  /** Writes the public key as a keyring file of the machine. */
  public void exportKeyring(Path target) throws IOException {
    gpg(web, "--output", target.toString(), "--export");
  }

  /** Adds a release to the folder; {@link #sign} makes it known. */
  public void add(Release release) throws IOException {
    addTo(web, release);
  }

  /** Packs one payload. */
  public interface Packing {
    void pack(Path payload, Path target) throws IOException;
  }

  /** The same for another folder of payloads. */
  public void addTo(Path folder, Release release) throws IOException {
    addTo(folder, release, this::compress);
  }

  /** The same with the image of {@code /usr} packed in another way. */
  public void addTo(Path folder, Release release, Packing packing) throws IOException {
    String name = "ParticleOS_" + release.version() + "_" + architecture;
    String usr = name + ".usr-" + architecture;
    String signatureUuid =
        plain(UUID.nameUUIDFromBytes(release.rootHash().getBytes(StandardCharsets.US_ASCII)));
    packing.pack(release.usr(), packed(folder, usr + "." + plain(release.usrUuid())));
    compress(release.verity(), packed(folder, usr + "-verity." + plain(release.verityUuid())));
    compress(release.veritySignature(), packed(folder, usr + "-verity-sig." + signatureUuid));
    Files.copy(release.kernel(), folder.resolve(name + ".efi"));
  }

  private static Path packed(Path folder, String name) {
    return folder.resolve(name + ".raw.zst");
  }

  private void compress(Path payload, Path target) throws IOException {
    Tool.run(web, "zstd", "-q", "-f", "-3", payload.toString(), "-o", target.toString());
  }

  private static String plain(UUID uuid) {
    return uuid.toString().replace("-", "");
  }

  /** Writes {@code SHA256SUMS} over all that is there, and signs it. */
  public void sign() throws IOException {
    sign(web);
  }

  /** The same for another folder of payloads. */
  public void sign(Path folder) throws IOException {
    List<String> names;
    try (Stream<Path> files = Files.list(folder)) {
      names =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> !name.startsWith("SHA256SUMS"))
              .sorted()
              .toList();
    }
    String[] command =
        Stream.concat(Stream.of("sha256sum", "--"), names.stream()).toArray(String[]::new);
    Files.writeString(
        folder.resolve("SHA256SUMS"), Tool.call(folder, Map.of(), "", command).output());
    signManifest(folder);
  }

  /** Signs the manifest that is there, whatever it says. */
  public void signManifest(Path folder) throws IOException {
    gpg(folder, "--output", "SHA256SUMS.gpg", "--detach-sign", "SHA256SUMS");
  }

  /** Makes a new signing key that the first one certifies. From now on it signs. */
  public void rotateSigningKey() throws IOException {
    String fingerprint =
        gpg(web, "--with-colons", "--list-keys")
            .lines()
            .filter(line -> line.startsWith("fpr:"))
            .map(line -> line.split(":", -1)[9])
            .findFirst()
            .orElseThrow(() -> new IOException("gpg lists no key"));
    gpg(web, "--quick-add-key", fingerprint, "ed25519", "sign", "never");
  }

  /** Signs the manifest and puts the public keys into the signature. */
  public void signManifestWithKeys(Path folder) throws IOException {
    gpg(folder, "--include-key-block", "--output", "SHA256SUMS.gpg", "--detach-sign", "SHA256SUMS");
  }

  /** Ends the key's agent and removes the key. */
  @Override
  public void close() throws IOException {
    Tool.call(web, Map.of(), "", "gpgconf", "--homedir", gnupgHome.toString(), "--kill", "all");
    for (Path file : files()) {
      Files.deleteIfExists(file);
    }
  }

  /** What the agent has not removed itself; it may still be at it, and so may the walk fail. */
  private List<Path> files() throws IOException {
    for (int attempt = 1; ; attempt++) {
      try (Stream<Path> files = Files.walk(gnupgHome)) {
        return files.sorted(Comparator.reverseOrder()).toList();
      } catch (UncheckedIOException e) {
        if (attempt == WALKS_MAX || !(e.getCause() instanceof NoSuchFileException)) {
          throw e;
        }
      }
    }
  }
}
