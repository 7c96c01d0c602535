/** What earlier runs did: one line for each that changed something or failed, bounded. */
@NullMarked
package org.particleos.update.history;

import org.jspecify.annotations.NullMarked;
