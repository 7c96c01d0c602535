package org.particleos.update.service;

import com.fasterxml.jackson.databind.JsonNode;

/** How a job ended. */
public sealed interface JobEnd {
  /**
   * The worker did what it was asked for.
   *
   * @param exitStatus 0, or of a question the status that means "no"
   * @param result the JSON that it printed: of what brings a version in the line {@code
   *     {"event":"ended"}}, of others the document; missing if it printed none
   */
  record Done(int exitStatus, JsonNode result) implements JobEnd {}

  /** It refused or failed, and said why. */
  record Failed(RunFailure failure) implements JobEnd {}

  /**
   * It ended without a word.
   *
   * @param exitStatus as {@link Process#waitFor}: more than 128 for a signal
   * @param cancelled whether somebody had asked for that
   */
  record Died(int exitStatus, boolean cancelled) implements JobEnd {}
}
