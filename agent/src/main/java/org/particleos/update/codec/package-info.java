/**
 * How payloads are packed: telling it by the first bytes, and unpacking from direct buffer to
 * direct buffer. Nothing here knows where bytes come from or go to.
 */
@NullMarked
package org.particleos.update.codec;

import org.jspecify.annotations.NullMarked;
