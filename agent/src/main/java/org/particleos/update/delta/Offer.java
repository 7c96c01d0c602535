package org.particleos.update.delta;

/**
 * A payload that holds the wanted image in some form.
 *
 * @param name for people, quoted already
 * @param sizeBytes as it is stored
 * @param unpack whether it may be packed; if not, it is taken as it is
 */
public record Offer(String name, RangeReader reader, long sizeBytes, boolean unpack) {}
