/**
 * What can go wrong in the world, as one checked, sealed family. Every other package may throw it;
 * it knows none of them.
 */
@NullMarked
package org.particleos.update.failure;

import org.jspecify.annotations.NullMarked;
