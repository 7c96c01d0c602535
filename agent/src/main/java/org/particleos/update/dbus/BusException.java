package org.particleos.update.dbus;

/**
 * An error as the bus knows it: a name that programs tell apart, and a text for people. What we
 * answer with, and what we are answered with.
 */
public final class BusException extends Exception {
  private static final String STANDARD = "org.freedesktop.DBus.Error.";

  static final String ACCESS_DENIED = STANDARD + "AccessDenied";
  static final String DISCONNECTED = STANDARD + "Disconnected";
  static final String FAILED = STANDARD + "Failed";
  static final String FILE_NOT_FOUND = STANDARD + "FileNotFound";
  static final String INTERACTION_REQUIRED = STANDARD + "InteractiveAuthorizationRequired";
  static final String INVALID_ARGS = STANDARD + "InvalidArgs";
  static final String LIMITS_EXCEEDED = STANDARD + "LimitsExceeded";
  static final String NO_REPLY = STANDARD + "NoReply";
  static final String NOT_SUPPORTED = STANDARD + "NotSupported";
  static final String PROPERTY_READ_ONLY = STANDARD + "PropertyReadOnly";
  static final String UNKNOWN_INTERFACE = STANDARD + "UnknownInterface";
  static final String UNKNOWN_METHOD = STANDARD + "UnknownMethod";
  static final String UNKNOWN_OBJECT = STANDARD + "UnknownObject";
  static final String UNKNOWN_PROPERTY = STANDARD + "UnknownProperty";

  private final String name;

  public BusException(String name, String text) {
    super(text);
    this.name = name;
  }

  static BusException invalid(String text) {
    return new BusException(INVALID_ARGS, text);
  }

  /** As {@code org.freedesktop.DBus.Error.InvalidArgs}. */
  public String name() {
    return name;
  }

  /** For people; may be empty. */
  public String text() {
    return String.valueOf(getMessage());
  }
}
