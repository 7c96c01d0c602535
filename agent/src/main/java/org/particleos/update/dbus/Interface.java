package org.particleos.update.dbus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.particleos.update.failure.UpdateException;

/**
 * An interface as it is published, and how its members are answered on an object. Immutable; one
 * description serves all objects of its kind.
 *
 * @param <T> the objects that have it
 */
public final class Interface<T> {
  /** Answers a method; may take its time. */
  public interface Handler<T> {
    /** The results, as many as the method has. Ignored where {@link Invocation#reply} was used. */
    List<Object> answer(T object, Invocation call)
        throws BusException, UpdateException, InterruptedException;
  }

  /** Changes a property. */
  public interface Setter<T> {
    void set(T object, Object value, Invocation call)
        throws BusException, UpdateException, InterruptedException;
  }

  /** Whether a change is signalled (D-Bus specification, EmitsChangedSignal). */
  public enum Change {
    SIGNALLED("true"),
    CONSTANT("const"),
    UNTOLD("false");

    private final String text;

    Change(String text) {
      this.text = text;
    }
  }

  record Method<T>(String name, List<Argument> in, List<Argument> out, Handler<T> handler) {}

  record Property<T>(
      String name,
      String type,
      Change change,
      Function<T, Object> value,
      Optional<Setter<T>> setter) {}

  record Signal(String name, List<Argument> arguments) {}

  private final String name;
  private final List<Method<T>> methods;
  private final List<Property<T>> properties;
  private final List<Signal> signals;

  private Interface(Builder<T> builder) {
    name = builder.name;
    methods = List.copyOf(builder.methods);
    properties = List.copyOf(builder.properties);
    signals = List.copyOf(builder.signals);
  }

  public static <T> Builder<T> named(String name) {
    return new Builder<>(name);
  }

  public static Argument arg(String name, String type) {
    return new Argument(name, type);
  }

  /** Collects the members, in the order in which they are published. */
  public static final class Builder<T> {
    private final String name;
    private final List<Method<T>> methods = new ArrayList<>();
    private final List<Property<T>> properties = new ArrayList<>();
    private final List<Signal> signals = new ArrayList<>();

    private Builder(String name) {
      this.name = name;
    }

    public Builder<T> method(
        String method, List<Argument> in, List<Argument> out, Handler<T> handler) {
      methods.add(new Method<>(method, List.copyOf(in), List.copyOf(out), handler));
      return this;
    }

    public Builder<T> property(
        String property, String type, Change change, Function<T, Object> value) {
      properties.add(new Property<>(property, type, change, value, Optional.empty()));
      return this;
    }

    public Builder<T> property(
        String property, String type, Change change, Function<T, Object> value, Setter<T> setter) {
      properties.add(new Property<>(property, type, change, value, Optional.of(setter)));
      return this;
    }

    public Builder<T> signal(String signal, Argument... arguments) {
      signals.add(new Signal(signal, List.of(arguments)));
      return this;
    }

    public Interface<T> build() {
      return new Interface<>(this);
    }
  }

  public String name() {
    return name;
  }

  Optional<Method<T>> method(String method) {
    return methods.stream().filter(each -> each.name().equals(method)).findFirst();
  }

  List<Property<T>> properties() {
    return properties;
  }

  Optional<Property<T>> property(String property) {
    return properties.stream().filter(each -> each.name().equals(property)).findFirst();
  }

  Signal signal(String signal) {
    return signals.stream()
        .filter(each -> each.name().equals(signal))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(name + " has no signal " + signal));
  }

  /** As it stands in a description of an object (D-Bus specification, introspection format). */
  String xml() {
    var xml = new StringBuilder();
    xml.append(" <interface name=\"").append(name).append("\">\n");
    for (Method<T> method : methods) {
      xml.append("  <method name=\"").append(method.name()).append("\">\n");
      arguments(xml, method.in(), " direction=\"in\"");
      arguments(xml, method.out(), " direction=\"out\"");
      xml.append("  </method>\n");
    }
    for (Property<T> property : properties) {
      xml.append("  <property name=\"")
          .append(property.name())
          .append("\" type=\"")
          .append(property.type())
          .append("\" access=\"")
          .append(property.setter().isPresent() ? "readwrite" : "read")
          .append("\">\n   <annotation")
          .append(" name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\" value=\"")
          .append(property.change().text)
          .append("\"/>\n  </property>\n");
    }
    for (Signal signal : signals) {
      xml.append("  <signal name=\"").append(signal.name()).append("\">\n");
      arguments(xml, signal.arguments(), "");
      xml.append("  </signal>\n");
    }
    return xml.append(" </interface>\n").toString();
  }

  private static void arguments(StringBuilder xml, List<Argument> arguments, String direction) {
    for (Argument argument : arguments) {
      xml.append("   <arg type=\"")
          .append(argument.type())
          .append("\" name=\"")
          .append(argument.name())
          .append('"')
          .append(direction)
          .append("/>\n");
    }
  }
}
