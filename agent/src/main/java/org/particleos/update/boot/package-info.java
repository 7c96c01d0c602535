/**
 * What the boot loader sees: the EFI system partition, the extended boot loader partition, and the
 * paths below them; what the files in there say about themselves, and what the firmware makes of
 * them.
 */
@NullMarked
package org.particleos.update.boot;

import org.jspecify.annotations.NullMarked;
