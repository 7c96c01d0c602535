/**
 * Makes the operating system in a disk image ({@code --image=}) available below a directory that
 * only this process sees.
 */
@NullMarked
package org.particleos.update.image;

import org.jspecify.annotations.NullMarked;
