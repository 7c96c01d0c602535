package org.particleos.update.failure;

/**
 * The precise cause of an {@link UpdateException}, for tests, scripts and IPC: nobody has to parse
 * the text. The kind of the exception decides the exit status, the reason says which rule it was.
 */
public enum Reason {
  // UpdateException.Configuration
  DEFINITION_INVALID(Errno.EINVAL),
  DEFINITION_UNREADABLE(Errno.EBADF),
  NO_DEFINITIONS(Errno.ENOENT),
  COMPONENT_DISABLED(Errno.EHOSTDOWN),
  COMPONENT_NOT_FOUND(Errno.ENOENT),
  FEATURE_NOT_FOUND(Errno.ENOENT),
  OPTION_INVALID(Errno.EINVAL),
  OUTPUT_EXISTS(Errno.EEXIST),
  NAME_NOT_FORMATTABLE(Errno.ENXIO),
  LABEL_TOO_LONG(Errno.EINVAL),
  BOOT_PARTITION_NOT_FOUND(Errno.ENOKEY),
  BOOT_PARTITION_NOT_ACCEPTED(Errno.ENODEV),
  BACKING_DEVICE_NOT_FOUND(Errno.ENODEV),
  IMAGE_NOT_ACCEPTED(Errno.EINVAL),
  NOT_SUPPORTED(Errno.EOPNOTSUPP),

  // UpdateException.NotTrusted
  KEYRING_MISSING(Errno.ENOENT),
  KEYRING_INVALID(Errno.EBADMSG),
  SIGNATURE_MISSING(Errno.ENOMEDIUM),
  SIGNATURE_INVALID(Errno.EBADMSG),
  MANIFEST_MALFORMED(Errno.EINVAL),
  MANIFEST_STALE(Errno.ESTALE),
  DIGEST_MISMATCH(Errno.EBADMSG),
  DIGEST_UNKNOWN(Errno.EINVAL),
  PAYLOAD_CORRUPT(Errno.EBADMSG),
  PAYLOAD_TOO_LARGE(Errno.EFBIG),
  PAYLOAD_UNSAFE(Errno.EBADMSG),

  // UpdateException.Unreachable
  CONNECTION_FAILED(Errno.EIO),
  HTTP_NOT_FOUND(Errno.ENOMEDIUM),
  HTTP_UNAUTHORISED(Errno.ENOKEY),
  HTTP_STATUS(Errno.EIO),
  REDIRECT_REFUSED(Errno.EIO),
  TOO_SLOW(Errno.EIO),
  BODY_TRUNCATED(Errno.EIO),
  BODY_TOO_LONG(Errno.EFBIG),
  RANGES_UNSUPPORTED(Errno.EOPNOTSUPP),
  RANGE_WRONG(Errno.EIO),
  RANGE_BEYOND_END(Errno.EIO),
  FILE_CHANGED(Errno.ESTALE),
  SOURCE_MISSING(Errno.ENOENT),
  LOGIN_MANAGER_FAILED(Errno.EIO),
  DAEMON_LOST(Errno.EIO),
  DAEMON_FAILED(Errno.EIO),

  // UpdateException.NoSpace
  NO_EMPTY_SLOT(Errno.ENOSPC),
  TOO_FEW_SLOTS(Errno.ENOSPC),
  INSTANCES_MAX_TOO_SMALL(Errno.ENOSPC),
  PAYLOAD_EXCEEDS_SLOT(Errno.EFBIG),
  FILE_SYSTEM_FULL(Errno.ENOSPC),

  // UpdateException.Busy
  LOCK_HELD(Errno.EBUSY),
  TOO_MANY_JOBS(Errno.EBUSY),
  REBOOT_INHIBITED(Errno.EBUSY),

  // UpdateException.WriteFailed
  READ_BACK_MISMATCH(Errno.EIO),
  READ_FAILED(Errno.EIO),
  SOURCE_CHANGED(Errno.EIO),
  WORKER_FAILED(Errno.EIO),
  WRITE_FAILED(Errno.EIO),
  READ_ONLY(Errno.EROFS),

  // UpdateException.NotPermitted
  PERMISSION_DENIED(Errno.EPERM),
  DAEMON_UNREACHABLE(Errno.EPERM),

  // UpdateException.DiskDamaged
  NO_PARTITION_TABLE(Errno.EHWPOISON),
  PARTITION_TABLE_DAMAGED(Errno.EHWPOISON),
  PARTITION_TABLE_HYBRID(Errno.EHWPOISON),
  PARTITION_ENTRY_INVALID(Errno.EINVAL),

  // UpdateException.NotAvailable
  VERSION_NOT_FOUND(Errno.ENOENT),
  VERSION_NOT_OFFERED(Errno.EINVAL),
  VERSION_OBSOLETE(Errno.EINVAL),
  VERSION_INCOMPLETE(Errno.EINVAL),
  FALLBACK_NEEDED(Errno.EBUSY),
  VERSION_RUNNING(Errno.EBUSY),
  BOOTED_VERSION_UNKNOWN(Errno.ENODATA),
  NOTHING_INSTALLED(Errno.ENODATA),
  NOTHING_TO_VERIFY(Errno.ENODATA),

  // UpdateException.Unfit
  PARTS_MIXED(Errno.EBADMSG),
  VERITY_UNUSABLE(Errno.EBADMSG),
  ROOT_HASH_SIGNATURE_INVALID(Errno.EBADMSG),
  BOOT_FILE_UNUSABLE(Errno.EBADMSG),
  ARCHITECTURE_WRONG(Errno.EBADMSG),
  SECURE_BOOT_DENIES(Errno.EBADMSG),

  // UpdateException.Interrupted
  INTERRUPTED(Errno.ECANCELED);

  private final Errno errno;

  Reason(Errno errno) {
    this.errno = errno;
  }

  /** The error number that the reference implementation reports for it (update-algorithm.md 20). */
  public Errno errno() {
    return errno;
  }
}
