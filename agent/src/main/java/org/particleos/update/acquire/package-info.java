/**
 * The transfer of one payload: fetch, digest, decompress, write, as one pipeline with bounded
 * memory. Where bytes come from and where they go are the two seams; nothing here knows versions,
 * patterns or partition tables.
 */
@NullMarked
package org.particleos.update.acquire;

import org.jspecify.annotations.NullMarked;
