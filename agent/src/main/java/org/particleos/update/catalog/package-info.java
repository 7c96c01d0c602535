/**
 * What exists: the instances of each kind of resource (signed web directory, local directory,
 * partition table). Reads only; finds no ESP and no disk by itself, anchors arrive resolved.
 */
@NullMarked
package org.particleos.update.catalog;

import org.jspecify.annotations.NullMarked;
