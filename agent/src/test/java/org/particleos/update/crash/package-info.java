/** Records what reaches storage, and makes of it every machine that a power cut can leave. */
@NullMarked
package org.particleos.update.crash;

import org.jspecify.annotations.NullMarked;
