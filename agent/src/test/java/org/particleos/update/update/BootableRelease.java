package org.particleos.update.update;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.particleos.update.delta.SmallTree;

/**
 * A {@link Release} that boots: noise with a real hash tree, the signature document of its root
 * hash, and a kernel file that names it.
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
    String root = tree.root().toString();
    String noise = Base64.getEncoder().encodeToString(Release.noise(version, 3, 1000));
    String document = "{\"rootHash\":\"" + root + "\",\"signature\":\"" + noise + "\"}";
    return new Release(
        version,
        usr,
        tree.bytes(),
        Arrays.copyOf(document.getBytes(StandardCharsets.UTF_8), SIGNATURE_BYTES),
        kernel(version, root, kernelBytes),
        tree.root().dataUuid(),
        tree.root().verityUuid());
  }

  /** A PE file as far as a boot loader looks into it. */
  private static byte[] kernel(String version, String root, int bytes) {
    Map<String, byte[]> sections = new LinkedHashMap<>();
    sections.put(
        ".osrel", ("ID=os\nIMAGE_VERSION=" + version + "\n").getBytes(StandardCharsets.US_ASCII));
    sections.put(
        ".cmdline", ("ro usrhash=" + root + " quiet\n").getBytes(StandardCharsets.US_ASCII));
    sections.put(".linux", Release.noise(version, 4, bytes));
    int table = 64 + 24;
    int at = table + sections.size() * 40;
    int total = at + sections.values().stream().mapToInt(section -> section.length).sum();
    ByteBuffer file = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
    file.put(0, "MZ".getBytes(StandardCharsets.US_ASCII)).putInt(60, 64);
    file.put(64, "PE\0\0".getBytes(StandardCharsets.US_ASCII));
    file.putShort(64 + 6, (short) sections.size());
    int entry = table;
    for (Map.Entry<String, byte[]> section : sections.entrySet()) {
      byte[] content = section.getValue();
      file.put(entry, section.getKey().getBytes(StandardCharsets.US_ASCII));
      file.putInt(entry + 8, content.length).putInt(entry + 16, content.length);
      file.putInt(entry + 20, at).put(at, content);
      entry += 40;
      at += content.length;
    }
    return file.array();
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
