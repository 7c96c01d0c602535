package org.particleos.update.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * The four parts of one version as ParticleOS builds them, uncompressed: an erofs image, its
 * dm-verity hash tree, the signature of the root hash, and a kernel file that names the root hash.
 *
 * @param rootHash 64 hex digits
 */
public record Release(
    String version, Path usr, Path verity, Path veritySignature, Path kernel, String rootHash) {
  /** The data partition's UUID is the first half of the root hash. */
  public UUID usrUuid() {
    return uuid(rootHash.substring(0, 32));
  }

  /** The verity partition's UUID is the second half of the root hash. */
  public UUID verityUuid() {
    return uuid(rootHash.substring(32));
  }

  private static UUID uuid(String hex) {
    return new UUID(
        Long.parseUnsignedLong(hex.substring(0, 16), 16),
        Long.parseUnsignedLong(hex.substring(16), 16));
  }

  /**
   * Builds a version for real.
   *
   * @param work an empty folder that stays
   * @param contentBytes how much there is to be in {@code /usr}, before compression
   */
  public static Release build(Path work, String version, long contentBytes) throws IOException {
    Path tree = Files.createDirectories(work.resolve("tree"));
    Files.createDirectories(tree.resolve("lib"));
    Files.writeString(
        tree.resolve("lib/os-release"), "ID=particleos\nIMAGE_VERSION=" + version + "\n");
    SampleContent.fill(tree.resolve("share"), version, contentBytes);

    Path usr = work.resolve("usr.raw");
    Tool.run(work, "mkfs.erofs", "-zlz4", "-T0", usr.toString(), tree.toString());
    return of(work, version, usr);
  }

  /**
   * Builds a version around a {@code /usr} that is there already.
   *
   * @param work a folder that stays
   */
  public static Release of(Path work, String version, Path usr) throws IOException {
    Path verity = work.resolve("usr-verity.raw");
    Files.deleteIfExists(verity);
    String printed = Tool.run(work, "veritysetup", "format", usr.toString(), verity.toString());
    String rootHash =
        printed
            .lines()
            .filter(line -> line.startsWith("Root hash:"))
            .map(line -> line.substring("Root hash:".length()).strip())
            .findFirst()
            .orElseThrow(() -> new IOException("veritysetup printed no root hash:\n" + printed));
    Path signature = work.resolve("usr-verity-sig.raw");
    VeritySignature.write(work, rootHash, signature);
    Path kernel = work.resolve("kernel.efi");
    PortableExecutable.write(
        kernel,
        new PortableExecutable.Section(".osrel", "ID=particleos\nIMAGE_VERSION=" + version + "\n"),
        new PortableExecutable.Section(".cmdline", "usrhash=" + rootHash + " ro\n"),
        new PortableExecutable.Section(".linux", "not a kernel, only a demonstration\n"),
        new PortableExecutable.Section(".initrd", "not an initrd either\n"));
    return new Release(version, usr, verity, signature, kernel, rootHash);
  }
}
