package org.particleos.update.policy;

/** To a question that nobody may be able to answer. */
public enum Answer {
  YES,
  NO,
  UNKNOWN;

  public static Answer of(boolean known) {
    return known ? YES : NO;
  }
}
