/** What the machine believes: keyrings, OpenPGP signatures, the manifest and its freshness. */
@NullMarked
package org.particleos.update.trust;

import org.jspecify.annotations.NullMarked;
