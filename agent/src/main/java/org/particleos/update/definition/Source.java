package org.particleos.update.definition;

import java.net.URI;
import java.nio.file.Path;
import java.util.Objects;
import org.particleos.update.pattern.PatternList;

/** Where a transfer takes instances from (transfer-files.md 6). Validated as section 8 demands. */
public sealed interface Source {
  ResourceType type();

  /** What recognises an instance. */
  PatternList patterns();

  /**
   * Whether a packed file is unpacked on its way, as it is by default. Always for archives.
   *
   * <p>Deviation: the reference has no such key and always unpacks.
   */
  boolean decompress();

  /**
   * A web directory with a manifest.
   *
   * @param type {@code url-file} or {@code url-tar}
   * @param base {@code http}, {@code https} or {@code file}, ASCII, as written
   */
  record Url(ResourceType type, URI base, PatternList patterns, boolean decompress)
      implements Source {
    public Url(ResourceType type, URI base, PatternList patterns) {
      this(type, base, patterns, true);
    }

    public Url {
      if (!type.isUrl()) {
        throw new IllegalArgumentException(type + " has no URL");
      }
      Objects.requireNonNull(base);
      Objects.requireNonNull(patterns);
    }
  }

  /**
   * A local directory.
   *
   * @param path absolute and normalised, to be resolved below the anchor
   */
  record Local(
      ResourceType type, Path path, Anchor anchor, PatternList patterns, boolean decompress)
      implements Source {
    public Local(ResourceType type, Path path, Anchor anchor, PatternList patterns) {
      this(type, path, anchor, patterns, true);
    }

    public Local {
      if (type.isUrl() || type == ResourceType.PARTITION) {
        throw new IllegalArgumentException(type + " is no local source");
      }
      if (!path.isAbsolute()) {
        throw new IllegalArgumentException("the path of a source is absolute");
      }
      Objects.requireNonNull(anchor);
      Objects.requireNonNull(patterns);
    }
  }
}
