package org.particleos.update.tree;

import java.util.List;

/**
 * What {@link TreeCopy} did.
 *
 * @param bytesWritten content of files that was copied, or shared one by one
 * @param entries names in the new tree below its top; of a snapshot only those that were copied
 * @param snapshot whether the new tree shares everything with its source
 * @param warnings what could not be kept, one sentence each
 */
public record CopiedTree(long bytesWritten, long entries, boolean snapshot, List<String> warnings) {
  public CopiedTree {
    warnings = List.copyOf(warnings);
  }
}
