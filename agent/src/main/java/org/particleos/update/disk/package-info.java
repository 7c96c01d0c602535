/**
 * Partitioned disks, whether block devices or image files: reading, checking and changing the GUID
 * partition table, and finding the disk that carries the running system. Knows nothing about
 * transfers.
 */
@NullMarked
package org.particleos.update.disk;

import org.jspecify.annotations.NullMarked;
