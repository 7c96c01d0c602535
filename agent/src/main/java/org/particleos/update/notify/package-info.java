/**
 * Tells others what happened: the service manager that started the program, and the hooks of other
 * programs. Nothing here decides anything, and no failure here changes the result of an update.
 */
@NullMarked
package org.particleos.update.notify;

import org.jspecify.annotations.NullMarked;
