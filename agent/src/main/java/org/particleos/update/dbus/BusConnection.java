package org.particleos.update.dbus;

import java.io.EOFException;
import java.io.IOException;
import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.connections.transports.AbstractTransport;
import org.freedesktop.dbus.connections.transports.TransportBuilder;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.messages.DBusSignal;
import org.freedesktop.dbus.messages.Error;
import org.freedesktop.dbus.messages.Message;
import org.freedesktop.dbus.messages.MessageFactory;
import org.freedesktop.dbus.messages.MethodCall;
import org.freedesktop.dbus.messages.constants.Flags;
import org.freedesktop.dbus.types.Variant;

/**
 * One connection to a message bus, from its first word to its end; it is not made again. Safe for
 * use by several threads. dbus-java authenticates, packs and unpacks; its own dispatching is not
 * used, since it knows neither argument names nor delayed replies nor limits.
 */
public final class BusConnection implements AutoCloseable {
  static final String BUS = "org.freedesktop.DBus";
  static final String BUS_PATH = "/org/freedesktop/DBus";

  /** The caller is ready to be asked for a password (D-Bus specification, message format). */
  static final byte ALLOW_INTERACTION = 0x4;

  /** A call of ours is names and versions. The rest is read over, so that nobody fills the heap. */
  static final int CALL_BYTES_MAX = 64 << 10;

  /** Of what we asked for: the description of a version, a page of history. */
  static final int REPLY_BYTES_MAX = 8 << 20;

  /** Two names, a path, an interface and a member. */
  static final int FIELDS_BYTES_MAX = 16 << 10;

  /** What the bus itself answers with is at hand. */
  private static final Duration BUS_REPLY_WAIT = Duration.ofSeconds(25);

  /** A bus that runs accepts at once; the library keeps trying one that does not for this long. */
  private static final int CONNECT_MILLIS = 1_000;

  private static final int FIXED_BYTES = 16;
  private static final byte TYPE_REPLY = 2;
  private static final byte TYPE_ERROR = 3;
  private static final byte TYPE_SIGNAL = 4;

  /** Hears what others say. Called by the one thread that reads, and must return at once. */
  public interface Receiver {
    default void called(BusConnection connection, MethodCall call) {}

    /** A call that is too long to be heard, without its arguments. */
    default void calledTooLong(BusConnection connection, MethodCall call) {}

    default void signalled(DBusSignal signal) {}

    /**
     * What somebody said to us alone. Past match rules anybody can do that: whoever listens looks
     * at the sender.
     */
    default void told(DBusSignal signal) {}

    /** Longer signals are read over. */
    default int signalBytesMax() {
      return CALL_BYTES_MAX;
    }

    /** The last that is heard. */
    default void ended(BusConnection connection) {}
  }

  private final AbstractTransport transport;
  private final SocketChannel channel;
  private final Receiver receiver;
  private final ReentrantLock writing = new ReentrantLock();
  private final Map<Long, CompletableFuture<Message>> pending = new HashMap<>();
  private boolean over;
  private String uniqueName = "";

  private BusConnection(AbstractTransport transport, SocketChannel channel, Receiver receiver) {
    this.transport = transport;
    this.channel = channel;
    this.receiver = receiver;
  }

  /**
   * Connects to the first of the buses that accepts.
   *
   * @throws IOException if none does
   */
  public static BusConnection open(List<String> addresses, Receiver receiver)
      throws IOException, InterruptedException {
    var failure = new IOException("no bus can be reached at " + String.join(";", addresses));
    for (String address : addresses) {
      try {
        return open(address, receiver);
      } catch (IOException | DBusException | BusException | RuntimeException e) {
        failure.addSuppressed(e);
      }
    }
    throw failure;
  }

  private static BusConnection open(String address, Receiver receiver)
      throws DBusException, IOException, BusException, InterruptedException {
    AbstractTransport transport =
        TransportBuilder.create(address)
            .configure()
            .withAutoConnect(false)
            .withTimeout(CONNECT_MILLIS)
            .back()
            .build();
    SocketChannel channel;
    try {
      channel = transport.connect();
    } catch (IOException | RuntimeException e) {
      transport.close();
      throw e;
    }
    var connection = new BusConnection(transport, channel, receiver);
    Thread.ofVirtual().name("bus").start(connection::read);
    try {
      connection.uniqueName = String.valueOf(connection.ask("Hello", "").getFirst());
      return connection;
    } catch (BusException | InterruptedException e) {
      connection.close();
      throw e;
    }
  }

  /** What the bus calls us. */
  public String uniqueName() {
    return uniqueName;
  }

  @Override
  public void close() {
    try {
      transport.close();
      channel.close();
    } catch (IOException | RuntimeException _) {
      // It is over either way.
    }
    finish();
  }

  // ---- What we say ----

  /** Asks the bus itself. */
  List<Object> ask(String method, String signature, Object... arguments)
      throws BusException, InterruptedException {
    return call(new Call(BUS, BUS_PATH, BUS, method, signature, arguments), BUS_REPLY_WAIT);
  }

  /** Says something, and does not wait for an answer. */
  void tell(Call call) {
    try {
      send(message(call, Flags.NO_REPLY_EXPECTED));
    } catch (DBusException broken) {
      throw new IllegalStateException("the call of " + call.method() + " has no form", broken);
    } catch (IOException _) {
      // Whoever it was for has forgotten us anyway.
    }
  }

  private MethodCall message(Call call, byte flags) throws DBusException {
    return factory()
        .createMethodCall(
            call.destination(),
            call.path(),
            call.interfaceName(),
            call.method(),
            flags,
            call.signature().isEmpty() ? null : call.signature(),
            call.arguments().toArray());
  }

  /**
   * A question to somebody.
   *
   * @param interactive whether the user may be asked for a password on our behalf
   * @param signature the types of the arguments
   */
  public record Call(
      String destination,
      String path,
      String interfaceName,
      String method,
      boolean interactive,
      String signature,
      List<Object> arguments) {
    public Call {
      arguments = List.copyOf(arguments);
    }

    public Call(
        String destination,
        String path,
        String interfaceName,
        String method,
        String signature,
        Object... arguments) {
      this(destination, path, interfaceName, method, false, signature, List.of(arguments));
    }

    public Call interactive(boolean choice) {
      return new Call(destination, path, interfaceName, method, choice, signature, arguments);
    }
  }

  /**
   * Waits for the answer. Arrays are {@link List}s and {@link Map}s in it, structures {@link
   * List}s.
   *
   * @throws BusException as it was answered; {@code Disconnected} and {@code NoReply} if there was
   *     no answer
   */
  public List<Object> call(Call call, Duration patience) throws BusException, InterruptedException {
    var answer = new CompletableFuture<Message>();
    long serial = 0;
    try {
      MethodCall message = message(call, call.interactive() ? ALLOW_INTERACTION : 0);
      serial = message.getSerial();
      synchronized (pending) {
        if (over) {
          throw disconnected();
        }
        pending.put(serial, answer);
      }
      send(message);
      Message reply = answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      List<Object> values = values(reply);
      if (reply instanceof Error error) {
        String text = !values.isEmpty() && values.getFirst() instanceof String said ? said : "";
        throw new BusException(String.valueOf(error.getName()), text);
      }
      return values;
    } catch (TimeoutException _) {
      throw new BusException(
          BusException.NO_REPLY, "no reply within " + patience.toSeconds() + " s");
    } catch (ExecutionException | IOException _) {
      throw disconnected();
    } catch (DBusException malformed) {
      throw new BusException(BusException.FAILED, String.valueOf(malformed.getMessage()));
    } finally {
      synchronized (pending) {
        pending.remove(serial);
      }
    }
  }

  private static BusException disconnected() {
    return new BusException(
        BusException.DISCONNECTED, "the connection to the message bus was lost");
  }

  /** Answers a call, unless its caller does not want to hear anything. */
  void reply(MethodCall call, String signature, List<Object> values) {
    if (wantsReply(call)) {
      try {
        send(
            factory()
                .createMethodReturn(
                    call, signature.isEmpty() ? null : signature, values.toArray()));
      } catch (DBusException | RuntimeException broken) {
        throw new IllegalStateException("the answer to " + call.getName() + " has no form", broken);
      } catch (IOException _) {
        // Whoever asked has heard that we are gone.
      }
    }
  }

  void reply(MethodCall call, BusException error) {
    if (wantsReply(call)) {
      try {
        send(
            factory()
                .createError(call.getSource(), error.name(), call.getSerial(), "s", error.text()));
      } catch (DBusException broken) {
        throw new IllegalStateException("the error " + error.name() + " has no form", broken);
      } catch (IOException _) {
        // Whoever asked has heard that we are gone.
      }
    }
  }

  private static boolean wantsReply(MethodCall call) {
    return (call.getFlags() & Flags.NO_REPLY_EXPECTED) == 0;
  }

  /** Tells everybody who wants to hear it; nobody does if the connection is lost. */
  void signal(
      String path, String interfaceName, String name, String signature, List<Object> values) {
    try {
      send(factory().createSignal(null, path, interfaceName, name, signature, values.toArray()));
    } catch (DBusException broken) {
      throw new IllegalStateException("the signal " + name + " has no form", broken);
    } catch (IOException _) {
      // Whoever listens notices that we are gone.
    }
  }

  /** Tells one connection alone, whether it listens or not. */
  void signalTo(
      String destination,
      String path,
      String interfaceName,
      String name,
      String signature,
      List<Object> values) {
    try {
      send(
          new DirectedSignal(
              factory().getEndianess(), destination, path, interfaceName, name, signature, values));
    } catch (DBusException broken) {
      throw new IllegalStateException("the signal " + name + " has no form", broken);
    } catch (IOException _) {
      // Whoever listens notices that we are gone.
    }
  }

  private MessageFactory factory() {
    return transport.getMessageFactory();
  }

  private void send(Message message) throws IOException {
    List<byte[]> parts = Arrays.stream(message.getWireData()).filter(Objects::nonNull).toList();
    var whole = ByteBuffer.allocate(parts.stream().mapToInt(part -> part.length).sum());
    parts.forEach(whole::put);
    whole.flip();
    writing.lock();
    try {
      while (whole.hasRemaining()) {
        channel.write(whole);
      }
    } finally {
      writing.unlock();
    }
  }

  // ---- What we hear ----

  private void read() {
    try {
      while (true) {
        readMessage();
      }
    } catch (IOException | RuntimeException _) {
      // Whatever cannot be read or is no message ends the connection: nothing behind it can be
      // trusted to begin where we think.
    } finally {
      close();
    }
  }

  private void readMessage() throws IOException {
    ByteBuffer fixed = ByteBuffer.wrap(read(FIXED_BYTES));
    byte type = fixed.get(1);
    fixed.order(fixed.get(0) == 'B' ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    long bodyBytes = Integer.toUnsignedLong(fixed.getInt(4));
    long fieldsBytes = Integer.toUnsignedLong(fixed.getInt(12));
    long paddedBytes = (fieldsBytes + 7) & ~7L;
    if (fieldsBytes > FIELDS_BYTES_MAX) {
      skip(paddedBytes + bodyBytes); // nobody knows whom to tell
      return;
    }
    // As the library wants it: the length of the fields stands in front of them.
    var fields = ByteBuffer.allocate((int) (4 + 4 + paddedBytes));
    fields.put(fixed.array(), 12, 4).position(8).put(read((int) paddedBytes));
    long limit =
        switch (type) {
          case TYPE_REPLY, TYPE_ERROR -> REPLY_BYTES_MAX;
          case TYPE_SIGNAL -> receiver.signalBytesMax();
          default -> CALL_BYTES_MAX;
        };
    boolean tooLong = bodyBytes > limit;
    byte[] body = new byte[0];
    if (tooLong) {
      skip(bodyBytes);
    } else {
      body = read((int) bodyBytes);
    }
    Message message;
    try {
      byte[] start = Arrays.copyOf(fixed.array(), 12);
      message = MessageFactory.createMessage(type, start, fields.array(), body, null);
    } catch (DBusException | RuntimeException _) {
      return; // fields or types of a later protocol; its end is known all the same
    }
    deliver(message, tooLong);
  }

  private void deliver(Message message, boolean tooLong) {
    switch (message) {
      case MethodCall call when tooLong -> receiver.calledTooLong(this, call);
      case MethodCall call -> receiver.called(this, call);
      case DBusSignal signal when !tooLong && isMeant(signal) -> receiver.signalled(signal);
      case DBusSignal signal when !tooLong -> receiver.told(signal);
      case DBusSignal _ -> {}
      default -> {
        CompletableFuture<Message> asked;
        synchronized (pending) {
          asked = pending.remove(message.getReplySerial());
        }
        if (asked != null && tooLong) {
          asked.completeExceptionally(new IOException("the answer is too long"));
        } else if (asked != null) {
          asked.complete(message);
        }
      }
    }
  }

  /** Only the bus speaks to us alone; what others send past our match rules is a trap. */
  private boolean isMeant(DBusSignal signal) {
    return signal.getDestination() == null || BUS.equals(signal.getSource());
  }

  private byte[] read(int length) throws IOException {
    var bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes) < 0) {
        throw new EOFException("the bus has closed the connection");
      }
    }
    return bytes.array();
  }

  private void skip(long length) throws IOException {
    for (long left = length; left > 0; ) {
      left -= read((int) Math.min(left, CALL_BYTES_MAX)).length;
    }
  }

  private void finish() {
    List<CompletableFuture<Message>> left;
    synchronized (pending) {
      if (over) {
        return;
      }
      over = true;
      left = List.copyOf(pending.values());
      pending.clear();
    }
    left.forEach(answer -> answer.completeExceptionally(new EOFException("connection lost")));
    receiver.ended(this);
  }

  /** What a message carries, checked against its signature; arrays and structures as lists. */
  static List<Object> values(Message message) throws DBusException {
    Object[] parameters = message.getParameters();
    return parameters == null ? List.of() : plain(parameters);
  }

  /** The type of a variant among the values; empty if it is none. */
  static String variantType(Message message, int index) {
    try {
      Object[] parameters = message.getParameters();
      return parameters[index] instanceof Variant<?> variant ? variant.getSig() : "";
    } catch (DBusException _) {
      return "";
    }
  }

  private static List<Object> plain(Object[] values) {
    return Arrays.stream(values).map(BusConnection::plain).toList();
  }

  private static Object plain(Object value) {
    return switch (value) {
      case Object[] array -> plain(array);
      case List<?> list -> plain(list.toArray());
      case Variant<?> variant -> plain(variant.getValue());
      case DBusPath path -> path.getPath();
      case Map<?, ?> map -> {
        Map<Object, Object> plain = new LinkedHashMap<>();
        map.forEach((key, each) -> plain.put(plain(key), plain(each)));
        yield plain;
      }
      case byte[] _, short[] _, int[] _, long[] _, boolean[] _, double[] _, float[] _ ->
          IntStream.range(0, Array.getLength(value)).mapToObj(i -> Array.get(value, i)).toList();
      default -> value;
    };
  }
}
