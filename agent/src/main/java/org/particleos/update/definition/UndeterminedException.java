package org.particleos.update.definition;

import org.particleos.update.failure.Quote;

/** A condition can be answered neither yes nor no. */
final class UndeterminedException extends Exception {
  private final String reason;
  private final String detail;

  private UndeterminedException(String reason, String detail) {
    super(detail);
    this.reason = reason;
    this.detail = detail;
  }

  /** The condition is written wrongly; the reason is what the C library calls EINVAL. */
  static UndeterminedException malformed(String parameter, String expected) {
    return new UndeterminedException(
        "Invalid argument", Quote.quote(parameter) + " is not of the form " + expected);
  }

  /** This machine does not tell; the reason is what the C library calls ENODATA. */
  static UndeterminedException unknown(String what) {
    return new UndeterminedException("No data available", what + " is not known");
  }

  String reason() {
    return reason;
  }

  String detail() {
    return detail;
  }
}
