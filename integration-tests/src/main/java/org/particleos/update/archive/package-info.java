/**
 * Part of the packaging: makes the class archive of the distribution, by which the program starts
 * in half the time.
 */
@NullMarked
package org.particleos.update.archive;

import org.jspecify.annotations.NullMarked;
