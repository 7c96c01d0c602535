/**
 * What is kept of a payload while it arrives, so that a run that was cut short can be continued:
 * packed payloads as files of their own, others in the target itself, each with a journal of
 * checksums that says how much of it to believe.
 */
@NullMarked
package org.particleos.update.spool;

import org.jspecify.annotations.NullMarked;
