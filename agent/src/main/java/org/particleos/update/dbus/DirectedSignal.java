package org.particleos.update.dbus;

import java.util.ArrayList;
import java.util.List;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.messages.Message;
import org.freedesktop.dbus.messages.constants.ArgumentType;
import org.freedesktop.dbus.messages.constants.HeaderField;

/** A signal for one connection alone, which the library has no way to make. */
final class DirectedSignal extends Message {
  private static final byte TYPE = 4;
  private static final byte NO_FLAGS = 0;

  DirectedSignal(
      byte endianness,
      String destination,
      String path,
      String interfaceName,
      String name,
      String signature,
      List<Object> values)
      throws DBusException {
    super(endianness, TYPE, NO_FLAGS);
    List<Object> fields = new ArrayList<>();
    fields.add(createHeaderArgs(HeaderField.PATH, ArgumentType.OBJECT_PATH_STRING, path));
    fields.add(createHeaderArgs(HeaderField.INTERFACE, ArgumentType.STRING_STRING, interfaceName));
    fields.add(createHeaderArgs(HeaderField.MEMBER, ArgumentType.STRING_STRING, name));
    fields.add(createHeaderArgs(HeaderField.DESTINATION, ArgumentType.STRING_STRING, destination));
    fields.add(createHeaderArgs(HeaderField.SIGNATURE, ArgumentType.SIGNATURE_STRING, signature));
    setArgs(values.toArray());
    padAndMarshall(fields, getSerial(), signature, values.toArray());
  }
}
