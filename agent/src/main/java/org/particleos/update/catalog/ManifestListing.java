package org.particleos.update.catalog;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.particleos.update.definition.Source;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.pattern.InstanceMetadata;
import org.particleos.update.pattern.Sha256;
import org.particleos.update.trust.Manifest;

/** Finds the instances in a manifest (transfer-files.md 11.3). */
final class ManifestListing {
  private ManifestListing() {}

  static List<Instance> list(URI base, Source.Url source, List<Manifest.Entry> entries)
      throws UpdateException {
    List<Instance> instances = new ArrayList<>();
    for (Manifest.Entry entry : entries) {
      Optional<InstanceMetadata> captured = source.patterns().match(entry.name()).match();
      if (captured.isEmpty()) {
        continue;
      }
      Optional<Sha256> named = captured.get().sha256();
      if (named.isPresent() && !named.get().equals(entry.digest())) {
        throw UpdateException.because(
                Reason.MANIFEST_MALFORMED,
                "refused the manifest of " + base + ": the name of an entry contradicts its digest")
            .found(Quote.quote(entry.name()) + " with digest " + entry.digest())
            .remedy("tell the publisher; nothing can be done on this machine")
            .notTrusted();
      }
      instances.add(
          new Instance.OnWeb(
              below(base, entry.name()),
              source.type(),
              captured.get().withSha256(entry.digest()),
              source.decompress()));
    }
    return List.copyOf(instances);
  }

  /**
   * The address of a file below the base. The manifest holds plain names (a percent sign is refused
   * there), so every byte that an URL cannot carry as it is gets encoded, and only those.
   */
  static URI below(URI base, String name) {
    var text = new StringBuilder(base.toString());
    if (!base.toString().endsWith("/")) { // the root of a file system keeps its slash
      text.append('/');
    }
    for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      if (c < 0x80 && (Character.isLetterOrDigit(c) || "-._~!$&'()*+,;=:@/".indexOf(c) >= 0)) {
        text.append(c);
      } else {
        text.append('%').append(String.format("%02X", b & 0xff));
      }
    }
    return URI.create(text.toString());
  }
}
