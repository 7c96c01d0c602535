package org.particleos.update.dbus;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.messages.DBusSignal;
import org.freedesktop.dbus.messages.MethodCall;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;
import org.jspecify.annotations.Nullable;

/**
 * The system bus as a service sees it: our names and objects on it, and others that are asked and
 * listened to. When the connection ends it can be opened again, with names, objects and match rules
 * as before; whoever asks meanwhile is told that there is no bus. Safe for use by several threads.
 */
public final class SystemBus implements AutoCloseable {
  /** Calls that are under way, those that wait for a password included. */
  static final int CALLS_MAX = 256;

  /**
   * Of one user who is not root: no user keeps the others out, nor fills the job table alone. A
   * program that lists versions asks for the description of all of them at once.
   */
  static final int CALLS_PER_USER_MAX = 48;

  /** Unique names of which we know the user; a bus never gives one out twice. */
  private static final int USERS_KNOWN_MAX = 512;

  /** Signals that wait to be handled. Those of people who plug cables in fit many times. */
  private static final int SIGNALS_MAX = 256;

  private static final UInt32 OWNER = new UInt32(1);
  private static final UInt32 OWNER_ALREADY = new UInt32(4);

  /** What to listen to; the bus compares. */
  public record Match(
      String sender, String path, String interfaceName, String member, String arg0) {
    /** The owner of a name on the bus, or its end. */
    static Match ownerOf(String name) {
      return new Match(
          BusConnection.BUS, BusConnection.BUS_PATH, BusConnection.BUS, "NameOwnerChanged", name);
    }

    String rule() {
      var rule = new StringBuilder("type='signal'");
      add(rule, "sender", sender);
      add(rule, "path", path);
      add(rule, "interface", interfaceName);
      add(rule, "member", member);
      add(rule, "arg0", arg0);
      return rule.toString();
    }

    private static void add(StringBuilder rule, String key, String value) {
      if (!value.isEmpty()) {
        rule.append(',').append(key).append("='").append(value).append('\'');
      }
    }

    private boolean fits(Signal signal) {
      return (path.isEmpty() || path.equals(signal.path()))
          && (interfaceName.isEmpty() || interfaceName.equals(signal.interfaceName()))
          && (member.isEmpty() || member.equals(signal.member()))
          && (arg0.isEmpty()
              || (!signal.values().isEmpty() && arg0.equals(signal.values().getFirst())));
    }
  }

  /** What somebody told everybody. */
  public record Signal(String path, String interfaceName, String member, List<Object> values) {}

  private record Subscription(Match match, Consumer<Signal> consumer) {}

  private final List<String> addresses;
  private final Consumer<String> warning;
  private final ObjectTree tree;
  private final List<String> names = new CopyOnWriteArrayList<>();
  private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();
  private final List<Runnable> connectedTasks = new CopyOnWriteArrayList<>();
  private final Semaphore calls = new Semaphore(CALLS_MAX);
  private final Map<Long, Integer> callsOfUsers = new HashMap<>();
  private final Map<String, Long> users = new ConcurrentHashMap<>();
  private final BlockingQueue<Signal> signals = new ArrayBlockingQueue<>(SIGNALS_MAX);
  private volatile @Nullable BusConnection connection;
  private @Nullable Thread listener;

  /**
   * @param addresses to be tried in turn
   * @param warning told of what is wrong with us
   */
  public SystemBus(List<String> addresses, Consumer<String> warning) {
    this.addresses = List.copyOf(addresses);
    this.warning = warning;
    this.tree = new ObjectTree(warning);
  }

  // ---- What we are; before the start, so that whoever finds a name finds its objects ----

  public void export(String path, Served<?>... served) {
    tree.add(path, List.of(served));
  }

  public void export(String path, Subtree subtree) {
    tree.add(path, subtree);
  }

  /** Asks for a name, and waits for it in the queue if somebody else has it. */
  public void own(String name) {
    names.add(name);
  }

  /** Done after each time that the bus was opened, by that thread; must not fail. */
  public void whenConnected(Runnable task) {
    connectedTasks.add(task);
  }

  /**
   * Connects. Whatever it throws, nothing is left behind.
   *
   * @param lost told once, with the cause as a clause, when the connection ends by itself
   * @throws IOException if there is no bus, or it does not want us
   */
  public synchronized void open(Consumer<String> lost) throws IOException, InterruptedException {
    if (connection != null) {
      throw new IllegalStateException("open already");
    }
    BusConnection made = BusConnection.open(addresses, new Incoming(lost));
    boolean done = false;
    try {
      introduce(made);
      done = true;
    } catch (BusException refused) {
      throw new IOException("the message bus refused us: " + refused.text(), refused);
    } finally {
      if (!done) {
        close();
      }
    }
    connectedTasks.forEach(Runnable::run);
  }

  /** May be opened again afterwards. */
  @Override
  public synchronized void close() {
    BusConnection open = connection;
    connection = null;
    users.clear();
    if (listener != null) {
      listener.interrupt();
      listener = null;
    }
    if (open != null) {
      open.close();
    }
  }

  private void introduce(BusConnection made) throws BusException, InterruptedException {
    connection = made;
    listener = Thread.ofVirtual().name("bus signals").start(this::handleSignals);
    for (Subscription each : subscriptions) {
      made.ask("AddMatch", "s", each.match().rule());
    }
    for (String name : names) {
      Object answer = made.ask("RequestName", "su", name, new UInt32(0)).getFirst();
      if (!answer.equals(OWNER) && !answer.equals(OWNER_ALREADY)) {
        warning.accept("another program has the name " + name + "; we take it when that ends");
      }
    }
  }

  // ---- What we ask and tell ----

  /** See {@link BusConnection#call}. */
  public List<Object> call(BusConnection.Call call, Duration patience)
      throws BusException, InterruptedException {
    return open().call(call, patience);
  }

  /** Tells somebody something, and does not wait for an answer. */
  void tell(BusConnection.Call call) {
    BusConnection open = connection;
    if (open != null) {
      open.tell(call);
    }
  }

  /** Whether somebody has that name; asking starts nobody. */
  boolean exists(String name) throws BusException, InterruptedException {
    return open().ask("NameHasOwner", "s", name).getFirst().equals(true);
  }

  private BusConnection open() throws BusException {
    BusConnection open = connection;
    if (open == null) {
      throw new BusException(BusException.DISCONNECTED, "there is no message bus");
    }
    return open;
  }

  /** Tells a signal of one of our interfaces to everybody; to nobody while there is no bus. */
  public void signal(String path, Interface<?> description, String name, Object... values) {
    String signature = Argument.signature(description.signal(name).arguments());
    BusConnection open = connection;
    if (open != null) {
      open.signal(path, description.name(), name, signature, List.of(values));
    }
  }

  /** Tells it to one connection alone. */
  public void signalTo(
      String destination, String path, Interface<?> description, String name, Object... values) {
    String signature = Argument.signature(description.signal(name).arguments());
    BusConnection open = connection;
    if (open != null) {
      open.signalTo(destination, path, description.name(), name, signature, List.of(values));
    }
  }

  /** Tells the present values of properties to everybody. */
  public <T> void changed(String path, Served<T> served, String... properties) {
    BusConnection open = connection;
    if (open == null) {
      return;
    }
    Map<String, Object> values = new LinkedHashMap<>();
    for (String name : properties) {
      Interface.Property<T> property = served.description().property(name).orElseThrow();
      values.put(name, new Variant<>(property.value().apply(served.object()), property.type()));
    }
    open.signal(
        path,
        ObjectTree.PROPERTIES,
        "PropertiesChanged",
        "sa{sv}as",
        List.of(served.description().name(), values, List.of()));
  }

  /** The user of a connection, as the bus knows it. */
  public long user(String uniqueName) throws BusException, InterruptedException {
    Long known = users.get(uniqueName);
    if (known != null) {
      return known;
    }
    Object answer = open().ask("GetConnectionUnixUser", "s", uniqueName).getFirst();
    long user = ((UInt32) answer).longValue();
    if (users.size() >= USERS_KNOWN_MAX) {
      users.clear();
    }
    users.put(uniqueName, user);
    return user;
  }

  // ---- What we hear ----

  /** Something that is listened to until it is closed. */
  public interface Listening extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Listens from now on. All consumers are called by one thread, in order, and must return soon.
   */
  public Listening listen(Match match, Consumer<Signal> consumer) throws InterruptedException {
    var subscription = new Subscription(match, consumer);
    subscriptions.add(subscription);
    BusConnection open = connection;
    if (open != null) {
      try {
        open.ask("AddMatch", "s", match.rule());
      } catch (BusException _) {
        // A lost connection: the next one hears of it. A limit of the bus: nothing is heard.
      }
    }
    return () -> {
      BusConnection now = connection;
      if (subscriptions.remove(subscription) && now != null) {
        now.tell(
            new BusConnection.Call(
                BusConnection.BUS,
                BusConnection.BUS_PATH,
                BusConnection.BUS,
                "RemoveMatch",
                "s",
                match.rule()));
      }
    };
  }

  private void handleSignals() {
    try {
      while (true) {
        Signal signal = signals.take();
        for (Subscription each : subscriptions) {
          if (each.match().fits(signal)) {
            handle(each, signal);
          }
        }
      }
    } catch (InterruptedException _) {
      // closed
    }
  }

  private void handle(Subscription subscription, Signal signal) {
    try {
      subscription.consumer().accept(signal);
    } catch (RuntimeException broken) {
      warning.accept("a signal " + signal.member() + " was not understood: " + broken);
    }
  }

  private final class Incoming implements BusConnection.Receiver {
    private final Consumer<String> lost;

    Incoming(Consumer<String> lost) {
      this.lost = lost;
    }

    @Override
    public void ended(BusConnection from) {
      if (connection == from) { // nobody closed it
        lost.accept("the connection to the message bus ended");
      }
    }

    @Override
    public void called(BusConnection from, MethodCall call) {
      if (!calls.tryAcquire()) {
        from.reply(call, tooMany("too many calls are under way"));
        return;
      }
      Thread.ofVirtual()
          .name("call of " + call.getName())
          .start(() -> {
            try {
              answer(from, call);
            } finally {
              calls.release();
            }
          });
    }

    private void answer(BusConnection from, MethodCall call) {
      long user;
      try {
        user = user(String.valueOf(call.getSource()));
      } catch (BusException | InterruptedException _) {
        return; // it is gone, and hears no answer
      }
      if (!enter(user)) {
        from.reply(call, tooMany("too many calls of this user are under way"));
        return;
      }
      try {
        tree.answer(from, call);
      } finally {
        leave(user);
      }
    }

    private boolean enter(long user) {
      synchronized (callsOfUsers) {
        int count = callsOfUsers.getOrDefault(user, 0);
        if (user != 0 && count >= CALLS_PER_USER_MAX) {
          return false;
        }
        callsOfUsers.put(user, count + 1);
        return true;
      }
    }

    private void leave(long user) {
      synchronized (callsOfUsers) {
        callsOfUsers.computeIfPresent(user, (_, count) -> count == 1 ? null : count - 1);
      }
    }

    @Override
    public void calledTooLong(BusConnection from, MethodCall call) {
      from.reply(
          call,
          tooMany("a call has at most " + BusConnection.CALL_BYTES_MAX + " bytes of arguments"));
    }

    private BusException tooMany(String text) {
      return new BusException(BusException.LIMITS_EXCEEDED, text);
    }

    @Override
    public void signalled(DBusSignal signal) {
      if (subscriptions.isEmpty()) {
        return;
      }
      try {
        var heard =
            new Signal(
                Objects.requireNonNullElse(signal.getPath(), ""),
                Objects.requireNonNullElse(signal.getInterface(), ""),
                Objects.requireNonNullElse(signal.getName(), ""),
                BusConnection.values(signal));
        if (!signals.offer(heard)) {
          warning.accept("too many signals at once; " + heard.member() + " was not heard");
        }
      } catch (DBusException | RuntimeException _) {
        // of no form
      }
    }
  }
}
