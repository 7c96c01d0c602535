/** Decides what a machine boots, without the code of the program. */
@NullMarked
package org.particleos.update.judge;

import org.jspecify.annotations.NullMarked;
