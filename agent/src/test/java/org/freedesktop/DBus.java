package org.freedesktop;

import org.freedesktop.dbus.exceptions.DBusExecutionException;

/**
 * Exceptions whose names, with the dots that the library puts between nested classes, are those of
 * the standard errors: the library's own have other names when a service throws them.
 */
public final class DBus {
  private DBus() {}

  /** The family of standard errors. */
  @SuppressWarnings("JavaLangClash") // the name on the bus
  public static final class Error {
    private Error() {}

    /** {@code org.freedesktop.DBus.Error.UnknownMethod}. */
    public static final class UnknownMethod extends DBusExecutionException {
      public UnknownMethod() {
        super("no such method");
      }
    }
  }
}
