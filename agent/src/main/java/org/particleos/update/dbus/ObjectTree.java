package org.particleos.update.dbus;

import static org.particleos.update.dbus.Interface.arg;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.messages.MethodCall;
import org.freedesktop.dbus.types.Variant;
import org.particleos.update.failure.UpdateException;

/**
 * The objects that we have on the bus. Answers calls, whatever they are: what does not exist, and
 * arguments of other types than a method has, are refused here. Safe for use by several threads.
 */
final class ObjectTree {
  private static final String PEER = "org.freedesktop.DBus.Peer";
  static final String PROPERTIES = "org.freedesktop.DBus.Properties";
  private static final Path MACHINE_ID = Path.of("/etc/machine-id");

  private static final String DOCUMENT_TYPE =
      """
      <!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
       "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
      """;

  /** A place in the tree with what is there. */
  private record Node(String path, List<Served<?>> served, List<String> children) {}

  private final Interface<Node> peer =
      Interface.<Node>named(PEER)
          .method("Ping", List.of(), List.of(), (_, _) -> List.of())
          .method(
              "GetMachineId",
              List.of(),
              List.of(arg("machine_uuid", "s")),
              (_, _) -> List.of(machineId()))
          .build();

  private final Interface<Node> introspectable =
      Interface.<Node>named("org.freedesktop.DBus.Introspectable")
          .method(
              "Introspect",
              List.of(),
              List.of(arg("xml_data", "s")),
              (node, _) -> List.of(xml(node)))
          .build();

  private final Interface<Node> properties =
      Interface.<Node>named(PROPERTIES)
          .method(
              "Get",
              List.of(arg("interface_name", "s"), arg("property_name", "s")),
              List.of(arg("value", "v")),
              (node, call) -> List.of(get(node, call.text(0), call.text(1))))
          .method(
              "GetAll",
              List.of(arg("interface_name", "s")),
              List.of(arg("props", "a{sv}")),
              (node, call) -> List.of(all(node, call.text(0))))
          .method(
              "Set",
              List.of(arg("interface_name", "s"), arg("property_name", "s"), arg("value", "v")),
              List.of(),
              (node, call) -> {
                set(node, call);
                return List.of();
              })
          .signal(
              "PropertiesChanged",
              arg("interface_name", "s"),
              arg("changed_properties", "a{sv}"),
              arg("invalidated_properties", "as"))
          .build();

  private final Map<String, List<Served<?>>> objects = new ConcurrentHashMap<>();
  private final Map<String, Subtree> subtrees = new ConcurrentHashMap<>();
  private final Consumer<String> warning;

  /**
   * @param warning told when an answer failed because of us
   */
  ObjectTree(Consumer<String> warning) {
    this.warning = warning;
  }

  void add(String path, List<Served<?>> served) {
    objects.put(path, List.copyOf(served));
  }

  void add(String path, Subtree subtree) {
    subtrees.put(path, subtree);
  }

  /** Answers a call, with a refusal at the least. May take as long as the method takes. */
  void answer(BusConnection connection, MethodCall message) {
    // Until its method is known it has no results.
    var unknown = new Invocation(connection, message, "", List.of());
    try {
      invoke(connection, message);
    } catch (BusException refused) {
      unknown.reply(refused);
    } catch (UpdateException failed) {
      unknown.reply(ErrorNames.of(failed));
    } catch (InterruptedException _) {
      unknown.reply(new BusException(BusException.FAILED, "the daemon is stopping"));
    } catch (RuntimeException broken) {
      warning.accept(
          "a call of "
              + message.getName()
              + " failed because of us: "
              + broken
              + " ("
              + broken.getCause()
              + ")");
      unknown.reply(new BusException(BusException.FAILED, "an error of the daemon: " + broken));
    }
  }

  private void invoke(BusConnection connection, MethodCall message)
      throws BusException, UpdateException, InterruptedException {
    String path = String.valueOf(message.getPath());
    Optional<String> interfaceName = Optional.ofNullable(message.getInterface());
    if (interfaceName.equals(Optional.of(PEER))) { // every path has it
      invoke(new Served<>(peer, new Node(path, List.of(), List.of())), connection, message);
      return;
    }
    Node node = node(path);
    List<Served<?>> all = new ArrayList<>();
    all.add(new Served<>(peer, node));
    all.add(new Served<>(introspectable, node));
    if (!node.served().isEmpty()) {
      all.add(new Served<>(properties, node));
      all.addAll(node.served());
    }
    String method = String.valueOf(message.getName());
    List<Served<?>> possible =
        interfaceName.isEmpty()
            ? all
            : all.stream()
                .filter(each -> each.description().name().equals(interfaceName.get()))
                .toList();
    if (possible.isEmpty()) {
      throw new BusException(
          BusException.UNKNOWN_INTERFACE,
          "object " + path + " has no interface " + interfaceName.orElse(""));
    }
    for (Served<?> served : possible) {
      if (served.description().method(method).isPresent()) {
        invoke(served, connection, message);
        return;
      }
    }
    throw new BusException(
        BusException.UNKNOWN_METHOD,
        "object "
            + path
            + " has no method "
            + method
            + interfaceName.map(each -> " of interface " + each).orElse(""));
  }

  private <T> void invoke(Served<T> served, BusConnection connection, MethodCall message)
      throws BusException, UpdateException, InterruptedException {
    Interface<T> description = served.description();
    String name = String.valueOf(message.getName());
    Interface.Method<T> method =
        description
            .method(name)
            .orElseThrow(() ->
                new BusException(
                    BusException.UNKNOWN_METHOD,
                    "interface " + description.name() + " has no method " + name));
    String expected = Argument.signature(method.in());
    String found = Optional.ofNullable(message.getSig()).orElse("");
    if (!found.equals(expected)) {
      throw BusException.invalid(
          "%s.%s takes arguments of the types \"%s\", and was called with \"%s\""
              .formatted(description.name(), method.name(), expected, found));
    }
    List<Object> arguments;
    try {
      arguments = BusConnection.values(message);
    } catch (DBusException | RuntimeException malformed) {
      throw BusException.invalid("the arguments cannot be read: " + malformed.getMessage());
    }
    var call = new Invocation(connection, message, Argument.signature(method.out()), arguments);
    try {
      call.reply(method.handler().answer(served.object(), call));
    } catch (BusException refused) {
      call.reply(refused);
    } catch (UpdateException failed) {
      call.reply(ErrorNames.of(failed));
    }
  }

  // ---- What is where ----

  private Node node(String path) throws BusException, UpdateException, InterruptedException {
    List<Served<?>> served = served(path);
    List<String> children = children(path);
    if (served.isEmpty() && children.isEmpty() && !subtrees.containsKey(path)) {
      throw new BusException(BusException.UNKNOWN_OBJECT, "there is no object " + path);
    }
    return new Node(path, served, children);
  }

  private List<Served<?>> served(String path) throws UpdateException, InterruptedException {
    List<Served<?>> fixed = objects.get(path);
    if (fixed != null) {
      return fixed;
    }
    int slash = path.lastIndexOf('/');
    Subtree above = slash <= 0 ? null : subtrees.get(path.substring(0, slash));
    return above == null ? List.of() : above.find(path.substring(slash + 1));
  }

  private List<String> children(String path) throws UpdateException, InterruptedException {
    var names = new TreeSet<String>();
    String prefix = path.equals("/") ? path : path + "/";
    for (var known : List.of(objects.keySet(), subtrees.keySet())) {
      for (String each : known) {
        if (each.startsWith(prefix)) {
          int end = each.indexOf('/', prefix.length());
          names.add(each.substring(prefix.length(), end < 0 ? each.length() : end));
        }
      }
    }
    Subtree here = subtrees.get(path);
    if (here != null) {
      names.addAll(here.names());
    }
    return List.copyOf(names);
  }

  private String xml(Node node) {
    var xml = new StringBuilder(DOCUMENT_TYPE).append("<node>\n");
    xml.append(peer.xml()).append(introspectable.xml());
    if (!node.served().isEmpty()) {
      xml.append(properties.xml());
      node.served().forEach(each -> xml.append(each.description().xml()));
    }
    for (String child : node.children()) {
      xml.append(" <node name=\"").append(child).append("\"/>\n");
    }
    return xml.append("</node>\n").toString();
  }

  private static String machineId() throws BusException {
    try {
      return Files.readString(MACHINE_ID).strip();
    } catch (IOException e) {
      throw new BusException(BusException.FILE_NOT_FOUND, "there is no " + MACHINE_ID);
    }
  }

  // ---- Properties ----

  /** A property on its object. */
  private record Bound<T>(T object, Interface.Property<T> property) {
    Variant<?> value() {
      return new Variant<>(property.value().apply(object), property.type());
    }

    void set(Object value, Invocation call)
        throws BusException, UpdateException, InterruptedException {
      property
          .setter()
          .orElseThrow(() ->
              new BusException(
                  BusException.PROPERTY_READ_ONLY, property.name() + " can only be read"))
          .set(object, value, call);
    }
  }

  private static <T> List<Bound<?>> bound(Served<T> served) {
    return served.description().properties().stream()
        .<Bound<?>>map(each -> new Bound<>(served.object(), each))
        .toList();
  }

  /** Of one interface, or of all if it has no name. */
  private static List<Bound<?>> bound(Node node, String interfaceName) throws BusException {
    List<Served<?>> chosen =
        node.served().stream()
            .filter(
                each -> interfaceName.isEmpty() || each.description().name().equals(interfaceName))
            .toList();
    if (chosen.isEmpty()) {
      throw new BusException(
          BusException.UNKNOWN_INTERFACE,
          "object " + node.path() + " has no properties of interface " + interfaceName);
    }
    List<Bound<?>> all = new ArrayList<>();
    chosen.forEach(each -> all.addAll(bound(each)));
    return all;
  }

  private static Bound<?> bound(Node node, String interfaceName, String property)
      throws BusException {
    for (Bound<?> each : bound(node, interfaceName)) {
      if (each.property().name().equals(property)) {
        return each;
      }
    }
    throw new BusException(
        BusException.UNKNOWN_PROPERTY,
        "object "
            + node.path()
            + " has no property "
            + property
            + " of interface "
            + interfaceName);
  }

  private static Object get(Node node, String interfaceName, String property) throws BusException {
    return bound(node, interfaceName, property).value();
  }

  private static Object all(Node node, String interfaceName) throws BusException {
    Map<String, Object> values = new LinkedHashMap<>();
    for (Bound<?> each : bound(node, interfaceName)) {
      values.put(each.property().name(), each.value());
    }
    return values;
  }

  private static void set(Node node, Invocation call)
      throws BusException, UpdateException, InterruptedException {
    Bound<?> property = bound(node, call.text(0), call.text(1));
    String expected = property.property().type();
    if (property.property().setter().isPresent() && !call.variantType(2).equals(expected)) {
      throw BusException.invalid("property " + call.text(1) + " is of type \"" + expected + "\"");
    }
    property.set(call.value(2), call);
  }
}
