/** Speaks to other programs over the system bus. */
@NullMarked
package org.particleos.update.dbus;

import org.jspecify.annotations.NullMarked;
