package org.particleos.update.update;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import java.util.TreeSet;
import org.particleos.update.delta.SmallTree;

/**
 * A {@link Release} that boots: noise with a real hash tree, the signature document of its root
 * hash without noise behind it, and a kernel file that names it.
 */
final class BootableRelease {
  private static final int BLOCK = SmallTree.BLOCK;
  private static final int BLOCKS = 36;

  /** Filled up, so that nothing of an older signature stays behind a shorter one. */
  private static final int SIGNATURE_BYTES = 2500;

  private static final int KERNEL_BYTES = 40_000;

  private BootableRelease() {}

  static Release of(String version) {
    return of(version, Release.noise(version, 1, BLOCKS * BLOCK), KERNEL_BYTES);
  }

  /** One with a kernel large enough to be kept when its download is interrupted. */
  static Release withKernelOf(String version, int kernelBytes) {
    return of(version, Release.noise(version, 1, BLOCKS * BLOCK), kernelBytes);
  }

  /** One that has most blocks of another, elsewhere. */
  static Release like(String version, Release other, int newBlocks) {
    byte[] usr = Release.noise(version, 1, BLOCKS * BLOCK);
    System.arraycopy(
        other.usr(), BLOCK, usr, (1 + newBlocks) * BLOCK, (BLOCKS - newBlocks - 1) * BLOCK);
    return of(version, usr, KERNEL_BYTES);
  }

  private static Release of(String version, byte[] usr, int kernelBytes) {
    SmallTree tree = SmallTree.of(usr, HexFormat.of().toHexDigits((byte) version.hashCode()));
    byte[] signature = Release.signature(version, tree.root());
    int end = 0;
    while (signature[end] != 0) {
      end++;
    }
    if (end > SIGNATURE_BYTES) {
      throw new AssertionError("a signature of " + end + " bytes");
    }
    return new Release(
        version,
        usr,
        tree.bytes(),
        Arrays.copyOf(Arrays.copyOf(signature, end), SIGNATURE_BYTES),
        Release.uki(version, tree.root(), kernelBytes),
        tree.root().dataUuid(),
        tree.root().verityUuid());
  }

  /** What a judge takes for made by the publisher. */
  static Set<String> genuine(Release... releases) {
    Set<String> digests = new TreeSet<>();
    for (Release release : releases) {
      digests.add(digest(release.uki()));
      byte[] signature = release.signature();
      int end = signature.length;
      while (signature[end - 1] == 0) {
        end--;
      }
      digests.add(digest(Arrays.copyOf(signature, end)));
    }
    return digests;
  }

  static String digest(byte[] bytes) {
    try {
      return HexFormat.of()
          .formatHex(java.security.MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
