package org.particleos.update.update;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.zip.GZIPOutputStream;
import org.particleos.update.cms.ASigner;
import org.particleos.update.delta.SmallTree;
import org.particleos.update.pe.PeBytes;
import org.particleos.update.verity.RootHash;

/**
 * One version of a made-up operating system. Its content is noise that depends on the version, so
 * that nothing of one can be taken for the other; hash tree, signature and kernel file are those of
 * that content.
 */
final class Release {
  /** Whoever signs root hashes. */
  static final ASigner PUBLISHER = ASigner.named("publisher of tests");

  private final String version;
  private final byte[] usr;
  private final byte[] verity;
  private final byte[] signature;
  private final byte[] uki;
  private final UUID usrUuid;
  private final UUID verityUuid;

  Release(
      String version,
      byte[] usr,
      byte[] verity,
      byte[] signature,
      byte[] uki,
      UUID usrUuid,
      UUID verityUuid) {
    this.version = version;
    this.usrUuid = usrUuid;
    this.verityUuid = verityUuid;
    this.usr = usr;
    this.verity = verity;
    this.signature = signature;
    this.uki = uki;
  }

  String version() {
    return version;
  }

  byte[] usr() {
    return usr;
  }

  byte[] verity() {
    return verity;
  }

  byte[] signature() {
    return signature;
  }

  byte[] uki() {
    return uki;
  }

  static Release of(String version) {
    return of(version, 1);
  }

  /** Another build of a version that was published before. */
  static Release rebuilt(String version) {
    return of(version, 5);
  }

  private static Release of(String version, int kind) {
    // Odd sizes: the ends of payloads are no whole blocks.
    byte[] usr = noise(version, kind, 150_001);
    var tree =
        SmallTree.of(
            Arrays.copyOf(usr, usr.length / SmallTree.BLOCK * SmallTree.BLOCK),
            HexFormat.of().formatHex(noise(version, 2, 16)));
    byte[] verity = noise(version, 2, 20_001);
    System.arraycopy(tree.bytes(), 0, verity, 0, tree.bytes().length);
    return new Release(
        version,
        usr,
        verity,
        signature(version, tree.root()),
        uki(version, tree.root()),
        tree.root().dataUuid(),
        tree.root().verityUuid());
  }

  /** What the signature partition of a root hash holds; behind it is noise. */
  static byte[] signature(String version, RootHash root) {
    byte[] text =
        ("{\"rootHash\":\""
                + root
                + "\",\"certificateFingerprint\":\""
                + PUBLISHER.certificate().fingerprint()
                + "\",\"signature\":\""
                + Base64.getEncoder()
                    .encodeToString(
                        PUBLISHER.signsDetached(root.hex().getBytes(StandardCharsets.US_ASCII)))
                + "\"}\0")
            .getBytes(StandardCharsets.US_ASCII);
    byte[] partition = noise(version, 3, 3_000);
    System.arraycopy(text, 0, partition, 0, text.length);
    return partition;
  }

  /** A kernel file that names the root hash; nothing in it runs. */
  static byte[] uki(String version, RootHash root) {
    return uki(version, root, 40_000);
  }

  static byte[] uki(String version, RootHash root, int linuxBytes) {
    byte[] image = kernel(version, "ro usrhash=" + root, linuxBytes).bytes();
    byte[] odd = Arrays.copyOf(image, image.length + 3);
    odd[image.length] = 1;
    return odd;
  }

  /** A kernel file with another command line. */
  static PeBytes kernel(String version, String commandLine, int linuxBytes) {
    return PeBytes.application()
        .with(".osrel", "ID=test\nIMAGE_ID=os\nIMAGE_VERSION=" + version + "\n")
        .with(".cmdline", commandLine + "\n\0")
        .with(".uname", "6.12." + version)
        .with(".linux", noise(version, 4, linuxBytes))
        .with(".initrd", noise(version, 6, 5_000));
  }

  static byte[] gzip(byte[] bytes) throws IOException {
    var packed = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(packed)) {
      out.write(bytes);
    }
    return packed.toByteArray();
  }

  static byte[] noise(String version, int kind, int length) {
    byte[] bytes = new byte[length];
    new Random(31L * version.hashCode() + kind).nextBytes(bytes);
    bytes[0] = 'R'; // no magic of any compression
    return bytes;
  }

  /** Of a release whose UUIDs are those of a root hash. */
  RootHash root() {
    return new RootHash((usrUuid.toString() + verityUuid).replace("-", ""));
  }

  /** The same with another kernel file. */
  Release withUki(byte[] other) {
    return new Release(version, usr, verity, signature, other, usrUuid, verityUuid);
  }

  /** The same with another signature. */
  Release withSignature(byte[] other) {
    return new Release(version, usr, verity, other, uki, usrUuid, verityUuid);
  }

  /** The same with other content under the same names. */
  Release withUsr(byte[] other) {
    return new Release(version, other, verity, signature, uki, usrUuid, verityUuid);
  }

  /** The same with another hash tree under the same names. */
  Release withVerity(byte[] other) {
    return new Release(version, usr, other, signature, uki, usrUuid, verityUuid);
  }

  UUID usrUuid() {
    return usrUuid;
  }

  UUID verityUuid() {
    return verityUuid;
  }

  String usrName() {
    return "os_" + version + "_" + usrUuid() + ".usr.raw";
  }

  String verityName() {
    return "os_" + version + "_" + verityUuid() + ".verity.raw";
  }

  String signatureName() {
    return "os_" + version + ".sig.raw";
  }

  String ukiName() {
    return "os_" + version + ".efi";
  }

  /** In the order in which they are acquired. */
  Map<String, byte[]> files() {
    var files = new LinkedHashMap<String, byte[]>();
    files.put(verityName(), verity);
    files.put(usrName(), usr);
    files.put(signatureName(), signature);
    files.put(ukiName(), uki);
    return files;
  }
}
