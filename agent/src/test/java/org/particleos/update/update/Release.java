package org.particleos.update.update;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.zip.GZIPOutputStream;

/**
 * One version of a made-up operating system: the payloads are noise that depends on the version, so
 * that nothing of one can be taken for the other.
 */
final class Release {
  private final String version;
  private final byte[] usr;
  private final byte[] verity;
  private final byte[] signature;
  private final byte[] uki;
  private final UUID usrUuid;
  private final UUID verityUuid;

  Release(String version, byte[] usr, byte[] verity, byte[] signature, byte[] uki) {
    this(
        version,
        usr,
        verity,
        signature,
        uki,
        new UUID(version.hashCode(), 0x8000_0000_0000_0001L),
        new UUID(version.hashCode(), 0x8000_0000_0000_0002L));
  }

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
    return new Release(
        version,
        noise(version, 1, 150_001),
        noise(version, 2, 20_000),
        noise(version, 3, 3_000),
        noise(version, 4, 50_003));
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
