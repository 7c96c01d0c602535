package org.particleos.update.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/** Signs a root hash as the Discoverable Partitions Specification wants it: PKCS#7 inside JSON. */
final class VeritySignature {
  private VeritySignature() {}

  static void write(Path work, String rootHash, Path target) throws IOException {
    Path key = work.resolve("verity.key");
    Path certificate = work.resolve("verity.crt");
    Tool.run(
        work,
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=particle-update demo",
        "-days",
        "30",
        "-keyout",
        key.toString(),
        "-out",
        certificate.toString());
    Path hash = Files.writeString(work.resolve("roothash"), rootHash);
    Path signature = work.resolve("roothash.p7s");
    Tool.run(
        work,
        "openssl",
        "smime",
        "-sign",
        "-nocerts",
        "-noattr",
        "-binary",
        "-in",
        hash.toString(),
        "-inkey",
        key.toString(),
        "-signer",
        certificate.toString(),
        "-outform",
        "der",
        "-out",
        signature.toString());
    String fingerprint =
        Tool.run(
                work,
                "openssl",
                "x509",
                "-in",
                certificate.toString(),
                "-noout",
                "-fingerprint",
                "-sha256")
            .strip()
            .replaceAll(".*=", "")
            .replace(":", "")
            .toLowerCase(java.util.Locale.ROOT);
    Files.writeString(
        target,
        "{\"rootHash\":\""
            + rootHash
            + "\",\"certificateFingerprint\":\""
            + fingerprint
            + "\",\"signature\":\""
            + Base64.getEncoder().encodeToString(Files.readAllBytes(signature))
            + "\"}\n");
  }
}
