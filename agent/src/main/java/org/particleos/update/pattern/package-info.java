/** Match patterns such as {@code ParticleOS_@v.efi}, and the metadata that they carry. */
@NullMarked
package org.particleos.update.pattern;

import org.jspecify.annotations.NullMarked;
