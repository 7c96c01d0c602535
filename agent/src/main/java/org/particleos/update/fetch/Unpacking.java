package org.particleos.update.fetch;

/** What happens to a payload that is packed. */
public enum Unpacking {
  /** What begins like a known compression is unpacked (update-algorithm.md 12.1). */
  DETECT,
  /** Nothing is unpacked: the target is what the source has ({@code Decompress=no}). */
  AS_IS
}
