/**
 * Images by their missing blocks: what a hash tree names is looked for on the disk, and only what
 * is not there is fetched, from payloads that can be entered in the middle; and packing such
 * payloads. Nothing here knows versions, patterns or partition tables.
 */
@NullMarked
package org.particleos.update.delta;

import org.jspecify.annotations.NullMarked;
