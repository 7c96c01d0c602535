package org.particleos.update.acquire;

import java.time.Instant;
import java.util.Optional;
import org.particleos.update.codec.Compression;
import org.particleos.update.pattern.Sha256;

/**
 * What {@link Acquisition} did: the whole payload was read, had the expected digest if there was
 * one, and the sink has finished.
 *
 * @param bytesTransferred read from the source, as stored there; attempts that came to nothing
 *     included
 * @param bytesReused of the payload as it is stored there, but not read from the source, since an
 *     earlier run had left them
 * @param bytesWritten after decompression
 * @param digest over the bytes as transferred; empty if a local file shares its blocks unread
 * @param lastModified what the server or the local file system says, for the times of a new file
 * @param etag the server's name for this state of the file
 */
public record Acquired(
    long bytesTransferred,
    long bytesReused,
    long bytesWritten,
    Optional<Sha256> digest,
    Compression compression,
    Optional<Instant> lastModified,
    Optional<String> etag) {}
