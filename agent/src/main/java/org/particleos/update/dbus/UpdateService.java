package org.particleos.update.dbus;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Consumer;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.messages.DBusSignal;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.UInt64;
import org.freedesktop.dbus.types.Variant;
import org.particleos.update.dbus.BusConnection.Call;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;

/**
 * The daemon, as the command line of people who are not root sees it: {@link Update1} from the
 * other side. Used by one thread; a run can be cancelled by any.
 */
public final class UpdateService implements AutoCloseable {
  /** Of a run that could not be started: what it says is why. */
  public static final long NO_JOB = 0;

  /** The daemon may have to be started first, which the bus gives 25 s. */
  private static final Duration REPLY_WAIT = Duration.ofSeconds(60);

  /** For somebody who looks for the password; polkit gives up before. */
  private static final Duration INTERACTION_WAIT = Duration.ofMinutes(11);

  /** Whoever wants to leave does not wait for an answer. */
  private static final Duration CANCEL_WAIT = Duration.ofSeconds(2);

  /** Lines that wait to be shown. A terminal that is slower than that slows the reading down. */
  private static final int HEARD_MAX = 1024;

  /** The document of all versions of a manifest of 30,000 lines. */
  private static final int LINE_BYTES_MAX = 8 << 20;

  private static final String LOST = "";
  private static final String BUS_ERRORS = "org.freedesktop.DBus.Error.";

  /** Lets a password be asked for. */
  public interface Interaction {
    /** Whether that is wanted. */
    boolean allowed();

    /** Called before it may be necessary. */
    void begin();
  }

  /**
   * What was heard.
   *
   * @param member {@code Event} or {@code Ended}, or {@link #LOST}: the daemon or the bus is gone
   */
  private record Heard(String sender, String member, long job, Object value) {}

  private final BusConnection connection;
  private final BlockingQueue<Heard> heard;

  private UpdateService(BusConnection connection, BlockingQueue<Heard> heard) {
    this.connection = connection;
    this.heard = heard;
  }

  /** Whether the daemon runs such a verb for others. */
  public static boolean runs(String verb) {
    return WantedRun.Verb.parse(verb).isPresent();
  }

  /** Whether it takes such an option with it. */
  public static boolean takes(String verb, String option) {
    return WantedRun.Verb.parse(verb).filter(known -> known.takes(option)).isPresent();
  }

  /**
   * Connects to the bus; whether there is a daemon shows with the first call.
   *
   * @throws UpdateException.NotPermitted if there is no bus: then only root can do it
   */
  public static UpdateService connect(List<String> addresses) throws UpdateException {
    var heard = new ArrayBlockingQueue<Heard>(HEARD_MAX);
    try {
      var connection = BusConnection.open(addresses, new Ear(heard));
      connection.tell(
          new BusConnection.Call(
              BusConnection.BUS,
              BusConnection.BUS_PATH,
              BusConnection.BUS,
              "AddMatch",
              "s",
              SystemBus.Match.ownerOf(Update1.NAME).rule()));
      return new UpdateService(connection, heard);
    } catch (IOException failed) {
      throw unreachable(String.valueOf(failed.getMessage()), failed);
    } catch (InterruptedException interrupted) {
      throw interrupted(interrupted);
    }
  }

  private static UpdateException unreachable(String found, Throwable cause) {
    return UpdateException.because(Reason.DAEMON_UNREACHABLE, "the daemon could not be asked")
        .found(found)
        .state("nothing was changed")
        .remedy("run it as root, or start the daemon: systemctl start particle-update.service")
        .cause(cause)
        .notPermitted();
  }

  private static UpdateException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return UpdateException.because(Reason.INTERRUPTED, "stopped while the daemon was asked")
        .cause(cause)
        .interrupted();
  }

  @Override
  public void close() {
    connection.close();
  }

  /** Hears the daemon, and where the bus says that it is gone. */
  private static final class Ear implements BusConnection.Receiver {
    private final BlockingQueue<Heard> heard;

    Ear(BlockingQueue<Heard> heard) {
      this.heard = heard;
    }

    @Override
    public int signalBytesMax() {
      return LINE_BYTES_MAX;
    }

    @Override
    public void told(DBusSignal signal) {
      if (Update1.NAME.equals(signal.getInterface()) && Update1.PATH.equals(signal.getPath())) {
        try {
          List<Object> values = BusConnection.values(signal);
          put(
              new Heard(
                  String.valueOf(signal.getSource()),
                  String.valueOf(signal.getName()),
                  ((UInt64) values.getFirst()).longValue(),
                  values.getLast()));
        } catch (DBusException | RuntimeException _) {
          // Whoever said that is not the daemon.
        }
      }
    }

    @Override
    public void signalled(DBusSignal signal) {
      if ("NameOwnerChanged".equals(signal.getName())) {
        try {
          List<Object> values = BusConnection.values(signal);
          if (values.size() == 3
              && Update1.NAME.equals(values.getFirst())
              && !"".equals(values.get(1))) {
            put(new Heard(String.valueOf(values.get(1)), LOST, 0, "it left the message bus"));
          }
        } catch (DBusException | RuntimeException _) {
          // of no form
        }
      }
    }

    @Override
    public void ended(BusConnection gone) {
      put(new Heard("", LOST, 0, "the connection to the message bus was lost"));
    }

    private void put(Heard one) {
      try {
        heard.put(one);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Runs a verb and waits for its end. What it says comes in order, from the thread that called.
   *
   * @param options each a text, a truth value or a number
   * @return with what the command would have ended
   * @throws UpdateException.NotPermitted if polkit does not allow it, or there is no daemon
   * @throws UpdateException.Unreachable if the daemon vanished meanwhile
   */
  public int run(
      String verb,
      Map<String, Object> options,
      Interaction interaction,
      Cancellation cancellation,
      Consumer<String> lines)
      throws UpdateException {
    Map<String, Variant<?>> variants = new LinkedHashMap<>();
    options.forEach((name, value) -> variants.put(name, variant(value)));
    List<Object> reply =
        ask(
            new Call(Update1.NAME, Update1.PATH, Update1.NAME, "Run", "sa{sv}", verb, variants),
            "'" + verb + "'",
            interaction);
    long job = ((UInt64) reply.getFirst()).longValue();
    try (var _ = cancellation.onCancel(() -> cancel(job))) {
      return listen(owner(), job, lines);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static Variant<?> variant(Object value) {
    return switch (value) {
      case String text -> new Variant<>(text, "s");
      case Boolean truth -> new Variant<>(truth, "b");
      case Integer number -> new Variant<>(new UInt32(number), "u");
      default -> throw new IllegalArgumentException("no value of an option: " + value);
    };
  }

  /** Who the daemon is; nobody else is believed. */
  private String owner() throws UpdateException, InterruptedException {
    try {
      return String.valueOf(connection.ask("GetNameOwner", "s", Update1.NAME).getFirst());
    } catch (BusException gone) {
      throw vanished(gone.text());
    }
  }

  private static UpdateException vanished(String found) {
    return UpdateException.because(Reason.DAEMON_LOST, "the daemon vanished in the middle")
        .found(found)
        .state("what it was doing it may still be doing; whatever was begun can be continued")
        .remedy("see the journal of particle-update.service, and run the command again")
        .unreachable();
  }

  private int listen(String owner, long job, Consumer<String> lines)
      throws UpdateException, InterruptedException {
    while (true) {
      Heard next = heard.take();
      if (next.member().equals(LOST)) {
        if (next.sender().isEmpty() || next.sender().equals(owner)) {
          throw vanished(String.valueOf(next.value()));
        }
      } else if (next.sender().equals(owner) && next.job() == job) {
        if (next.member().equals("Ended")) {
          return (Integer) next.value();
        }
        lines.accept(String.valueOf(next.value()));
      }
    }
  }

  /** From another thread, while {@link #run} waits. */
  private void cancel(long job) {
    try {
      connection.call(
          new Call(Update1.NAME, Update1.PATH, Update1.NAME, "CancelRun", "t", new UInt64(job)),
          CANCEL_WAIT);
    } catch (BusException _) {
      // It has ended meanwhile.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** The version that is running, as the daemon knows it; empty if it does not. */
  public String bootedVersion() throws UpdateException {
    var call =
        new Call(
            Update1.NAME,
            Update1.PATH,
            "org.freedesktop.DBus.Properties",
            "Get",
            "ss",
            Update1.NAME,
            "BootedVersion");
    return String.valueOf(ask(call, "the running version", NOT_INTERACTIVE).getFirst());
  }

  /** Restarts the machine. */
  public void reboot(Interaction interaction) throws UpdateException {
    ask(new Call(Update1.NAME, Update1.PATH, Update1.NAME, "Reboot", ""), "a restart", interaction);
  }

  private static final Interaction NOT_INTERACTIVE =
      new Interaction() {
        @Override
        public boolean allowed() {
          return false;
        }

        @Override
        public void begin() {}
      };

  /** Without a password first: whoever needs none waits for nothing. */
  private List<Object> ask(Call call, String what, Interaction interaction) throws UpdateException {
    try {
      try {
        return connection.call(call, REPLY_WAIT);
      } catch (BusException refused) {
        if (!refused.name().equals(BusException.INTERACTION_REQUIRED) || !interaction.allowed()) {
          throw refused;
        }
      }
      interaction.begin();
      return connection.call(call.interactive(true), INTERACTION_WAIT);
    } catch (BusException refused) {
      throw failure(what, refused);
    } catch (InterruptedException interrupted) {
      throw interrupted(interrupted);
    }
  }

  private static UpdateException failure(String what, BusException refused) {
    String found = refused.name() + (refused.text().isEmpty() ? "" : ": " + refused.text());
    return switch (refused.name()) {
      case BusException.ACCESS_DENIED ->
          UpdateException.because(
                  Reason.PERMISSION_DENIED, "refused " + what + ": it is not allowed")
              .found(refused.text())
              .state("nothing was changed")
              .remedy("run it as root, or ask your administrator for a rule of polkit")
              .cause(refused)
              .notPermitted();
      case BusException.INTERACTION_REQUIRED ->
          UpdateException.because(
                  Reason.PERMISSION_DENIED, "refused " + what + ": it takes a password")
              .found(refused.text())
              .state("nothing was changed")
              .remedy("leave out --no-ask-password, or run it as root")
              .cause(refused)
              .notPermitted();
      case BusException.LIMITS_EXCEEDED ->
          UpdateException.because(
                  Reason.TOO_MANY_JOBS, "refused " + what + ": the daemon has enough to do")
              .found(refused.text())
              .state("nothing was changed")
              .remedy("try again later")
              .cause(refused)
              .busy();
      case BusException.INVALID_ARGS ->
          UpdateException.because(
                  Reason.OPTION_INVALID, "refused " + what + ": " + Quote.quote(refused.text()))
              .state("nothing was changed")
              .remedy("see particle-update --help")
              .cause(refused)
              .configuration();
      case BusException.DISCONNECTED, BusException.NO_REPLY -> vanished(found);
      case BusException.UNKNOWN_METHOD,
          BusException.UNKNOWN_OBJECT,
          BusException.UNKNOWN_INTERFACE,
          BUS_ERRORS + "ServiceUnknown",
          BUS_ERRORS + "NameHasNoOwner" ->
          unreachable(found, refused);
      default ->
          refused.name().startsWith(BUS_ERRORS + "Spawn.")
              ? unreachable(found, refused)
              : UpdateException.because(Reason.DAEMON_FAILED, "the daemon could not do " + what)
                  .found(found)
                  .state("see the journal for what was done")
                  .remedy("see the journal of particle-update.service")
                  .cause(refused)
                  .unreachable();
    };
  }
}
