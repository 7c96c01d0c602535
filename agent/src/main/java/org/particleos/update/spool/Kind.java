package org.particleos.update.spool;

/** Where the bytes are that an interrupted transfer has left. */
public enum Kind {
  /** In a file of the spool, as they were transferred. */
  SPOOLED,
  /** Where they shall be in the end; the spool has only their checksums. */
  IN_TARGET
}
