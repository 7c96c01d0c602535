package org.particleos.update.spool;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the server said of a payload when it was begun.
 *
 * @param address where it came from, without what may be secret in it
 * @param lengthBytes of all of it, as it is transferred
 */
public record Facts(
    String address,
    Optional<String> etag,
    Optional<Instant> lastModified,
    OptionalLong lengthBytes) {}
