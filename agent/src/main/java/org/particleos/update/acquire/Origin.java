package org.particleos.update.acquire;

import java.time.Instant;
import java.util.Optional;
import org.particleos.update.fetch.Payload;

/**
 * Where a payload came from, and what was said about it there.
 *
 * @param lastModified what the server or the local file system says
 * @param etag the server's name for this state of the file
 */
public record Origin(Payload payload, Optional<Instant> lastModified, Optional<String> etag) {}
