/** Version strings and their order. */
@NullMarked
package org.particleos.update.version;

import org.jspecify.annotations.NullMarked;
