/**
 * The engine: loads an installation, lists, plans, acquires, installs and vacuums it. {@link
 * org.particleos.update.update.Updater} is the one entry point of every front end.
 */
@NullMarked
package org.particleos.update.update;

import org.jspecify.annotations.NullMarked;
