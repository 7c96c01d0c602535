/**
 * Decisions, as pure functions from what is there to what has to be done: version sets, the
 * candidate, what is vacuumed, which slot is written. No I/O and no clock in here.
 */
@NullMarked
package org.particleos.update.plan;

import org.jspecify.annotations.NullMarked;
