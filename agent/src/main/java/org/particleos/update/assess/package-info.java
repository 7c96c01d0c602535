/**
 * How the last starts of the machine went: which boot entry was taken, whether it was found good,
 * which versions did not come up, and the health checks that decide about it.
 */
@NullMarked
package org.particleos.update.assess;

import org.jspecify.annotations.NullMarked;
