/**
 * Directory trees as instances: unpacked from tar archives, or copied from another tree, with
 * owners, modes, times, extended attributes, links and holes.
 */
@NullMarked
package org.particleos.update.tree;

import org.jspecify.annotations.NullMarked;
