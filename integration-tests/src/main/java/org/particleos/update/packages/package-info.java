/**
 * The packages that are installed: {@code mvn -Pdist package} puts the tree together here, with a
 * Java runtime of its own.
 */
@NullMarked
package org.particleos.update.packages;

import org.jspecify.annotations.NullMarked;
