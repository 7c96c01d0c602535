/**
 * What the boot loader sees: the EFI system partition, the extended boot loader partition, and the
 * paths below them.
 */
@NullMarked
package org.particleos.update.boot;

import org.jspecify.annotations.NullMarked;
