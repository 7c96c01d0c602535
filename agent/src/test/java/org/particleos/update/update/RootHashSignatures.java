package org.particleos.update.update;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.particleos.update.cms.Certificate;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxKernel;
import org.particleos.update.verity.Extent;
import org.particleos.update.verity.SignatureDocument;

/** Reads signature partitions as a machine with certificates below some root does. */
record RootHashSignatures(List<Certificate> installed) {
  static RootHashSignatures of(Path root) {
    return new RootHashSignatures(RootHashSignature.certificates(new LinuxKernel(), root));
  }

  RootHashSignature read(byte[] partition) throws Exception {
    Path file = Files.createTempFile("signature", ".raw");
    try {
      Files.write(file, partition);
      return read(file);
    } finally {
      Files.delete(file);
    }
  }

  private RootHashSignature read(Path file) throws Exception {
    try (var open = new LinuxKernel().open(file, Set.of(OpenFlag.READ))) {
      return RootHashSignature.read(
          SignatureDocument.read(new Extent(open, 0, open.sizeBytes())), installed);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
