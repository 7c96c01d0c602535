package org.particleos.update.varlink;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.particleos.update.failure.Errno;

/** A call is answered by an error (dbus-varlink.md 9.4). */
final class CallException extends Exception {
  /** Of every service. */
  private static final String SERVICE = "org.varlink.service.";

  /** Of those of the system. */
  private static final String SYSTEM = "io.systemd.";

  private final String error;
  private final transient ObjectNode parameters;

  CallException(String error, ObjectNode parameters) {
    super(error);
    this.error = error;
    this.parameters = parameters;
  }

  CallException(String error) {
    this(error, Reply.parameters());
  }

  String error() {
    return error;
  }

  ObjectNode parameters() {
    return parameters;
  }

  static CallException interfaceNotFound(String name) {
    return new CallException(
        SERVICE + "InterfaceNotFound", Reply.parameters().put("interface", name));
  }

  static CallException methodNotFound(String method) {
    return new CallException(SERVICE + "MethodNotFound", Reply.parameters().put("method", method));
  }

  static CallException methodNotImplemented(String method) {
    return new CallException(
        SERVICE + "MethodNotImplemented", Reply.parameters().put("method", method));
  }

  static CallException invalidParameter(String parameter) {
    return new CallException(
        SERVICE + "InvalidParameter", Reply.parameters().put("parameter", parameter));
  }

  static CallException expectedMore() {
    return new CallException(SERVICE + "ExpectedMore");
  }

  static CallException permissionDenied() {
    return new CallException(SYSTEM + "PermissionDenied");
  }

  static CallException interactionRequired() {
    return new CallException(SYSTEM + "InteractiveAuthenticationRequired");
  }

  /** Everything else. */
  static CallException system(Errno errno) {
    return new CallException(
        SYSTEM + "System",
        Reply.parameters()
            .put("origin", "linux")
            .put("errno", errno.number())
            .put("errnoName", errno.name()));
  }
}
