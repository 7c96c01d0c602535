package org.particleos.update.spool;

/**
 * One sentence for the administrator, though the transfer goes on.
 *
 * @param failure whether something went wrong, or was only decided
 */
public record Remark(boolean failure, String text) {}
