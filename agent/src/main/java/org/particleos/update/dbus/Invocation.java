package org.particleos.update.dbus;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.freedesktop.dbus.messages.MethodCall;
import org.freedesktop.dbus.types.UInt64;
import org.particleos.update.service.Caller;

/** A call of one of our methods, with arguments of the types that the method has. */
public final class Invocation {
  private final BusConnection connection;
  private final MethodCall message;
  private final String resultTypes;
  private final List<Object> arguments;
  private final AtomicBoolean answered = new AtomicBoolean();

  Invocation(
      BusConnection connection, MethodCall message, String resultTypes, List<Object> arguments) {
    this.connection = connection;
    this.message = message;
    this.resultTypes = resultTypes;
    this.arguments = List.copyOf(arguments);
  }

  public Caller.OnBus caller() {
    return new Caller.OnBus(String.valueOf(message.getSource()));
  }

  /** Whether the caller is ready to wait until somebody has typed a password. */
  public boolean interactive() {
    return (message.getFlags() & BusConnection.ALLOW_INTERACTION) != 0;
  }

  public String text(int index) {
    return (String) arguments.get(index);
  }

  public int integer(int index) {
    return (Integer) arguments.get(index);
  }

  /** Values beyond {@link Long#MAX_VALUE} are negative. */
  public long unsigned(int index) {
    return ((UInt64) arguments.get(index)).value().longValue();
  }

  public boolean bool(int index) {
    return (Boolean) arguments.get(index);
  }

  /** The type that somebody chose for a variant. */
  String variantType(int index) {
    return BusConnection.variantType(message, index);
  }

  Object value(int index) {
    return arguments.get(index);
  }

  /**
   * Answers now, before the handler returns: what it sends afterwards arrives afterwards. Only the
   * first answer counts.
   */
  public void reply(Object... results) {
    reply(List.of(results));
  }

  void reply(List<Object> results) {
    if (answered.compareAndSet(false, true)) {
      connection.reply(message, resultTypes, results);
    }
  }

  void reply(BusException error) {
    if (answered.compareAndSet(false, true)) {
      connection.reply(message, error);
    }
  }

  public boolean answered() {
    return answered.get();
  }
}
