package org.particleos.update.linux;

import java.util.OptionalLong;

/**
 * What the header of a block in the .xz format says. The sizes are there only if whoever packed it
 * knew them beforehand, as {@code xz -T} does.
 *
 * @param packedBytes without padding and check
 * @param memoryBytes what it takes to decode it, most of it the dictionary
 */
public record LzmaBlock(OptionalLong packedBytes, OptionalLong unpackedBytes, long memoryBytes) {}
