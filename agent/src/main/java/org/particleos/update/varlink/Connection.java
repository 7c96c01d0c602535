package org.particleos.update.varlink;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.linux.Poll;
import org.particleos.update.linux.UnixConnection;

/**
 * One client: calls in, replies out, in their order, one at a time. While a call is answered
 * nothing more is read, so that what a client sends ahead stays on its side. There is never more
 * than one reply in memory.
 *
 * <p>The socket belongs to the thread of the {@link Server}; calls are answered by virtual threads,
 * which only leave their reply here.
 */
final class Connection {
  /** A call fits, and what is read ahead stays small. */
  private static final int READ_BYTES = 8 * 1024;

  /** At a time, of a reply that may be long. */
  private static final int WRITE_BYTES = 64 * 1024;

  private final UnixConnection socket;
  private final VarlinkService service;
  private final Limits limits;
  private final Consumer<String> warning;
  private final Runnable news;
  private final CompletableFuture<Void> gone = new CompletableFuture<>();

  // Of the server's thread.
  private final Frames frames;
  private boolean inputEnded;
  private long waitingSince;

  // Guarded by this.
  private byte @Nullable [] outgoing;
  private int sent;
  private boolean answering;
  private boolean replied; // something was left for the client since the server looked last
  private boolean closed;

  /**
   * @param news told from other threads when there is something to be done here
   */
  Connection(
      UnixConnection socket,
      VarlinkService service,
      Limits limits,
      long now,
      Consumer<String> warning,
      Runnable news) {
    this.socket = socket;
    this.service = service;
    this.limits = limits;
    this.warning = warning;
    this.news = news;
    this.frames = new Frames(limits.messageBytesMax());
    this.waitingSince = now;
  }

  long user() {
    return socket.peer().user();
  }

  UnixConnection socket() {
    return socket;
  }

  /** Whether nothing is left of it: no client, no call. */
  synchronized boolean over() {
    return closed && !answering;
  }

  synchronized boolean open() {
    return !closed;
  }

  /** Whether the client neither waits for anything nor has begun to say something. */
  synchronized boolean idle() {
    return !closed && !answering && outgoing == null && !frames.hasBegun() && !frames.hasWhole();
  }

  long waitingSince() {
    return waitingSince;
  }

  synchronized Poll.Interest interest() {
    boolean busy = answering || outgoing != null;
    return new Poll.Interest(socket, !busy && !inputEnded, outgoing != null);
  }

  /**
   * When the client has to have done something; empty while it is our turn.
   *
   * @return as the clock of the server counts, nanoseconds
   */
  synchronized Optional<Long> deadline() {
    if (closed || replied || (answering && outgoing == null)) {
      return Optional.empty();
    }
    Duration wait =
        outgoing != null
            ? limits.replyWait()
            : frames.hasBegun() ? limits.messageWait() : limits.idleWait();
    return Optional.of(waitingSince + wait.toNanos());
  }

  /** Something arrived, or there will be nothing more. */
  void read(long now) {
    byte[] buffer = new byte[READ_BYTES];
    try {
      int count = socket.read(buffer);
      if (count < 0) {
        inputEnded = true;
      } else if (count > 0) {
        if (!frames.hasBegun()) {
          waitingSince = now;
        }
        frames.add(buffer, count);
      }
    } catch (IOException | MalformedCallException _) {
      // Nobody else hears of it: a line in the journal for each would let strangers fill it.
      close();
    }
  }

  /** Sends what there is and begins what can be begun. */
  void advance(long now) {
    synchronized (this) {
      if (closed) {
        return;
      }
      if (replied) { // from now on it is the client's turn
        replied = false;
        waitingSince = now;
      }
    }
    try {
      write(now);
      Optional<byte[]> next = next();
      if (next.isPresent()) {
        begin(Call.parse(next.get()));
      }
    } catch (IOException | MalformedCallException _) {
      // Nobody else hears of it: a line in the journal for each would let strangers fill it.
      close();
    }
  }

  private void write(long now) throws IOException {
    byte[] bytes;
    int from;
    synchronized (this) {
      if (outgoing == null) {
        return;
      }
      bytes = outgoing;
      from = sent;
    }
    while (from < bytes.length) {
      int count =
          socket.write(Arrays.copyOfRange(bytes, from, Math.min(from + WRITE_BYTES, bytes.length)));
      if (count == 0) {
        break;
      }
      from += count;
      waitingSince = now;
    }
    synchronized (this) {
      sent = from;
      if (from == bytes.length) {
        outgoing = null;
        notifyAll();
      }
    }
  }

  /** The call that can be answered now; ends the connection after the last one. */
  private Optional<byte[]> next() {
    synchronized (this) {
      if (answering || outgoing != null) {
        return Optional.empty();
      }
    }
    Optional<byte[]> next = frames.next();
    if (next.isEmpty() && inputEnded) {
      close(); // what was only begun is nothing
    }
    return next;
  }

  private void begin(Call call) {
    synchronized (this) {
      answering = true;
    }
    Thread.ofVirtual().name("varlink call").start(() -> answer(call));
  }

  private void answer(Call call) {
    byte[] reply;
    try {
      reply = Reply.of(service.answer(new Answering(call)));
    } catch (CallException error) {
      reply = Reply.of(error);
    } catch (InterruptedException _) {
      reply = Reply.of(CallException.system(Errno.ECANCELED));
    } catch (RuntimeException | Error broken) {
      // A mistake of ours in one call is no reason to leave all other clients alone.
      warning.accept("answering " + Quote.quote(call.method()) + " broke: " + broken);
      reply = Reply.of(CallException.system(Errno.EIO));
    }
    try {
      if (!call.oneway()) {
        leave(reply);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      synchronized (this) {
        answering = false;
        replied = true;
      }
      news.run();
    }
  }

  private void leave(byte[] reply) throws InterruptedException {
    synchronized (this) {
      awaitRoom();
      if (closed) {
        return;
      }
      outgoing = reply;
      sent = 0;
      replied = true;
    }
    news.run();
  }

  private synchronized void awaitRoom() throws InterruptedException {
    while (outgoing != null && !closed) {
      wait();
    }
  }

  /** A second call does nothing. */
  void close() {
    synchronized (this) {
      closed = true;
      outgoing = null;
      notifyAll();
    }
    socket.close();
    gone.complete(null);
  }

  private final class Answering implements Exchange {
    private final Call call;

    Answering(Call call) {
      this.call = call;
    }

    @Override
    public Call call() {
      return call;
    }

    @Override
    public UnixConnection.Peer peer() {
      return socket.peer();
    }

    @Override
    public void awaitRoom() throws InterruptedException {
      Connection.this.awaitRoom();
    }

    @Override
    public void sendMore(ObjectNode parameters) throws InterruptedException {
      if (!call.more()) {
        throw new IllegalStateException("the caller wants one reply");
      }
      leave(Reply.thatContinues(parameters));
    }

    @Override
    public CompletableFuture<Void> gone() {
      return gone;
    }
  }
}
