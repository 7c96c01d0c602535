package org.particleos.update.varlink;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.particleos.update.linux.Poll;
import org.particleos.update.linux.UnixConnection;
import org.particleos.update.linux.UnixListener;
import org.particleos.update.service.FrontEnd;

/**
 * Serves everybody who connects to a socket, by one thread that waits for all of them and sleeps
 * while there is nothing to do. It never waits for a single client.
 */
final class Server implements AutoCloseable {
  /** After this process ran out of descriptors or memory: else the next try would be at once. */
  private static final long ACCEPT_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final UnixListener listener;
  private final VarlinkService service;
  private final Limits limits;
  private final LongSupplier nanoTime;
  private final Consumer<String> warning;
  private final FrontEnd.Lost lost;
  private final Poll poll;
  private final Thread thread;
  private volatile boolean stopping;

  // Of the thread.
  private final List<Connection> connections = new ArrayList<>();
  private Optional<Long> acceptAgain = Optional.empty();

  /** Closes the listener in the end, also if this throws. */
  Server(
      UnixListener listener,
      VarlinkService service,
      Limits limits,
      LongSupplier nanoTime,
      Consumer<String> warning,
      FrontEnd.Lost lost)
      throws IOException {
    this.listener = listener;
    this.service = service;
    this.limits = limits;
    this.nanoTime = nanoTime;
    this.warning = warning;
    this.lost = lost;
    try {
      this.poll = new Poll();
    } catch (IOException failed) {
      listener.close();
      throw failed;
    }
    this.thread = Thread.ofPlatform().name("varlink").daemon().unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  private void run() {
    Optional<String> why = Optional.empty();
    try {
      while (!stopping) {
        long now = nanoTime.getAsLong();
        expire(now);
        List<Poll.Ready> ready = poll.await(interests(), patience(now));
        handle(ready, nanoTime.getAsLong());
      }
    } catch (IOException | RuntimeException broken) {
      why = Optional.of(String.valueOf(broken));
    } finally {
      listener.close();
      connections.forEach(Connection::close);
    }
    why.ifPresent(lost::because);
  }

  private List<Poll.Interest> interests() {
    List<Poll.Interest> interests = new ArrayList<>();
    if (acceptAgain.isEmpty()) {
      interests.add(new Poll.Interest(listener, true, false));
    }
    for (Connection connection : connections) {
      if (connection.open()) {
        interests.add(connection.interest());
      }
    }
    return interests;
  }

  /** Milliseconds until a client has to have done something; without end if there is none. */
  private int patience(long now) {
    Optional<Long> nanos = acceptAgain.map(time -> time - now);
    for (Connection connection : connections) {
      Optional<Long> left = connection.deadline().map(time -> time - now);
      if (left.isPresent() && (nanos.isEmpty() || left.get() < nanos.get())) {
        nanos = left;
      }
    }
    // Rounded up, so that the time is really over then.
    return nanos
        .map(left ->
            (int) Math.clamp(TimeUnit.NANOSECONDS.toMillis(left) + 1, 0, (long) Integer.MAX_VALUE))
        .orElse(-1);
  }

  private void expire(long now) {
    if (acceptAgain.isPresent() && acceptAgain.get() - now <= 0) {
      acceptAgain = Optional.empty();
    }
    for (Connection connection : connections) {
      if (connection.deadline().filter(time -> time - now <= 0).isPresent()) {
        connection.close();
      }
    }
  }

  private void handle(List<Poll.Ready> ready, long now) {
    Map<Object, Poll.Ready> bySocket = new HashMap<>();
    ready.forEach(each -> bySocket.put(each.socket(), each));
    for (Connection connection : connections) {
      Poll.Ready state = bySocket.get(connection.socket());
      if (state != null && state.read()) {
        connection.read(now); // before anything else: it may have said something and gone
      } else if (state != null && state.gone()) {
        connection.close();
      }
      connection.advance(now);
    }
    connections.removeIf(Connection::over);
    if (bySocket.containsKey(listener)) {
      accept(now);
    }
  }

  private void accept(long now) {
    try {
      // Not without end: those who are served already have their turn as well.
      for (int i = 0; i < limits.clientsMax(); i++) {
        Optional<UnixConnection> next = listener.accept();
        if (next.isEmpty()) {
          return;
        }
        admit(next.get(), now);
      }
    } catch (IOException failed) {
      warning.accept("accepting a client failed: " + failed.getMessage());
      acceptAgain = Optional.of(now + ACCEPT_PAUSE_NANOS);
    }
  }

  private void admit(UnixConnection socket, long now) {
    var client = new Connection(socket, service, limits, now, warning, poll::wake);
    long ofUser = connections.stream().filter(other -> other.user() == client.user()).count();
    if (ofUser >= limits.clientsPerUserMax() || !makeRoom()) {
      client.close();
      return;
    }
    connections.add(client);
  }

  /** Whether there is room for one more, perhaps where somebody had nothing to say. */
  private boolean makeRoom() {
    if (connections.size() < limits.clientsMax()) {
      return true;
    }
    Optional<Connection> idle =
        connections.stream()
            .filter(Connection::idle)
            .min(Comparator.comparingLong(Connection::waitingSince));
    idle.ifPresent(Connection::close);
    for (Iterator<Connection> all = connections.iterator(); all.hasNext(); ) {
      if (all.next().over()) {
        all.remove();
      }
    }
    return connections.size() < limits.clientsMax();
  }

  /** Ends all connections. What was begun for clients goes on. */
  @Override
  public void close() {
    stopping = true;
    poll.wake();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException _) {
        interrupted = true; // it ends at once, and what it closes must be closed
      }
    }
    if (thread.getState() == Thread.State.NEW) {
      listener.close();
    }
    poll.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
