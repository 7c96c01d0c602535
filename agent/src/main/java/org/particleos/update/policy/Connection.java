package org.particleos.update.policy;

/**
 * How the machine is connected to servers.
 *
 * @param online where it is unknown, trying is the way to find out
 * @param metered whether what is transferred costs money; where it is unknown, it does not
 */
public record Connection(Answer online, Answer metered) {
  public static final Connection UNKNOWN = new Connection(Answer.UNKNOWN, Answer.UNKNOWN);
}
