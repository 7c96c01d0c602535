package org.particleos.update.update;

import java.util.OptionalLong;

/**
 * What bringing a version in would cost, as far as its sources tell without sending it.
 *
 * @param downloadBytes to be transferred
 * @param installBytes to be written, after decompression
 */
public record Cost(OptionalLong downloadBytes, OptionalLong installBytes) {}
