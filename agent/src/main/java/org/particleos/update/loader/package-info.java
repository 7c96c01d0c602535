/**
 * The boot loader systemd-boot: which one the operating system brings along, which ones are on the
 * EFI system partition, and replacing those by a newer one. Loaders of others are never touched;
 * nor are the random seed and the boot entries in the firmware's variables.
 */
@NullMarked
package org.particleos.update.loader;

import org.jspecify.annotations.NullMarked;
