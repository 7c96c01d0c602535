/**
 * The only package that calls into the C library, behind small interfaces. {@link Kernel} is what
 * the rest of the program sees of block devices and file systems wherever something is changed, so
 * that tests can record, fail or replay every change.
 */
@NullMarked
package org.particleos.update.linux;

import org.jspecify.annotations.NullMarked;
