package org.particleos.update.service;

import java.util.Optional;
import org.particleos.update.failure.Reason;
import org.particleos.update.policy.Facts.Trouble;

/**
 * How a job failed, as far as it matters for what is done next.
 *
 * @param what in one line
 * @param failure in detail; empty if somebody stopped it
 * @param passedOver nothing is defined there, or it is switched off: no failure of anybody's
 */
record Fault(Trouble.Kind kind, String what, Optional<RunFailure> failure, boolean passedOver) {
  /**
   * What went wrong with a job, if anything did.
   *
   * @param cancelled whether somebody asked for its end
   */
  static Optional<Fault> of(JobEnd end, boolean cancelled) {
    return switch (end) {
      case JobEnd.Done _ -> Optional.empty();
      case JobEnd.Failed(var failed) -> Optional.of(of(kind(failed), failed));
      case JobEnd.Died(var status, var wasCancelled) ->
          Optional.of(
              wasCancelled || cancelled
                  ? new Fault(
                      Trouble.Kind.CANCELLED, "somebody stopped it", Optional.empty(), false)
                  : of(Trouble.Kind.DIED, RunFailure.died(status)));
    };
  }

  private static Fault of(Trouble.Kind kind, RunFailure failed) {
    return new Fault(
        kind,
        failed.message() + failed.found().map(text -> " (" + text + ")").orElse(""),
        Optional.of(failed),
        failed.reason() == Reason.NO_DEFINITIONS || failed.reason() == Reason.COMPONENT_DISABLED);
  }

  /** A machine that was not started by UEFI has no boot loader of ours. */
  boolean withoutEsp() {
    return failure.filter(failed -> failed.reason() == Reason.BOOT_PARTITION_NOT_FOUND).isPresent();
  }

  private static Trouble.Kind kind(RunFailure failed) {
    return switch (failed.reason()) {
      case INTERRUPTED -> Trouble.Kind.CANCELLED;
      case LOCK_HELD, TOO_MANY_JOBS -> Trouble.Kind.BUSY;
      case KEYRING_MISSING,
          KEYRING_INVALID,
          SIGNATURE_MISSING,
          SIGNATURE_INVALID,
          MANIFEST_MALFORMED,
          MANIFEST_STALE,
          DIGEST_MISMATCH,
          DIGEST_UNKNOWN,
          PAYLOAD_CORRUPT,
          PAYLOAD_TOO_LARGE,
          PAYLOAD_UNSAFE,
          PARTS_MIXED ->
          Trouble.Kind.TRUST;
      case CONNECTION_FAILED,
          HTTP_NOT_FOUND,
          HTTP_UNAUTHORISED,
          HTTP_STATUS,
          REDIRECT_REFUSED,
          TOO_SLOW,
          BODY_TRUNCATED,
          BODY_TOO_LONG,
          RANGES_UNSUPPORTED,
          RANGE_WRONG,
          RANGE_BEYOND_END,
          FILE_CHANGED,
          SOURCE_MISSING ->
          Trouble.Kind.NETWORK;
      case NO_EMPTY_SLOT,
          TOO_FEW_SLOTS,
          INSTANCES_MAX_TOO_SMALL,
          PAYLOAD_EXCEEDS_SLOT,
          FILE_SYSTEM_FULL ->
          Trouble.Kind.SPACE;
      default -> Trouble.Kind.OTHER;
    };
  }
}
