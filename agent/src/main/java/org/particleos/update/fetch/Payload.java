package org.particleos.update.fetch;

import java.net.URI;
import java.nio.file.Path;

/** Where the bytes of a payload come from, as they are stored there: maybe compressed. */
public sealed interface Payload {
  /** A file on a server, {@code http}, {@code https} or {@code file}. */
  record Url(URI uri) implements Payload {}

  /** A file of this machine; links are followed. */
  record LocalFile(Path path) implements Payload {}
}
