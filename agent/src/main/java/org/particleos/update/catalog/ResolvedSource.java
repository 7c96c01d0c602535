package org.particleos.update.catalog;

import java.net.URI;
import java.nio.file.Path;
import org.particleos.update.definition.Source;

/** A source of a transfer and where it really is, after anchors were resolved. */
public sealed interface ResolvedSource {
  /** As it is defined. */
  Source source();

  /** Where it is, for people. */
  String location();

  /**
   * A web directory with a manifest.
   *
   * @param base no query, no trailing slash
   */
  record Web(Source.Url source, URI base) implements ResolvedSource {
    @Override
    public String location() {
      return base.toString();
    }
  }

  /** A local directory that holds instances. It need not exist. */
  record Local(Source.Local source, Path directory) implements ResolvedSource {
    @Override
    public String location() {
      return directory.toString();
    }
  }
}
