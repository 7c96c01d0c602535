/**
 * dm-verity hash trees: the superblock, the layout of the tree, digests of many blocks at once, and
 * the comparison of tree and data with a root hash. Reads ranges of a disk; knows nothing about
 * partition tables or transfers, and changes nothing.
 */
@NullMarked
package org.particleos.update.verity;

import org.jspecify.annotations.NullMarked;
