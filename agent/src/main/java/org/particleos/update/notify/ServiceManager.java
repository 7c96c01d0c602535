package org.particleos.update.notify;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.particleos.update.linux.UnixDatagrams;

/**
 * Sends messages to the service manager that started this process, if one asked for them with
 * {@code $NOTIFY_SOCKET} (sd_notify(3), update-algorithm.md 17).
 *
 * <p>Never throws and never holds up an update for long: a message for which the receiver has no
 * room within {@value #WAIT_MILLIS} ms is dropped, and as long as its queue stays full, the next
 * ones do not wait at all. The first trouble is kept for whoever wants to mention it. Used by one
 * thread at a time.
 */
public final class ServiceManager implements AutoCloseable {
  /** The manager reads its queue at once; a wait of this length happens once, not per message. */
  static final int WAIT_MILLIS = 1_000;

  /** The way to the receiver. */
  interface Channel {
    /** False if the receiver's queue is full. */
    boolean send(byte[] message, boolean wait) throws IOException;

    void close();
  }

  private final Optional<Channel> channel;
  private Optional<String> trouble;
  private boolean congested;

  private ServiceManager(Optional<Channel> channel, Optional<String> trouble) {
    this.channel = channel;
    this.trouble = trouble;
  }

  ServiceManager(Channel channel) {
    this(Optional.of(channel), Optional.empty());
  }

  /** To the socket that the environment names; a silent one if it names none. */
  public static ServiceManager of(Map<String, String> environment) {
    String name = environment.getOrDefault("NOTIFY_SOCKET", "");
    if (name.isEmpty()) {
      return new ServiceManager(Optional.empty(), Optional.empty());
    }
    try {
      return new ServiceManager(new Datagrams(UnixDatagrams.to(name, WAIT_MILLIS)));
    } catch (IOException failed) {
      return new ServiceManager(Optional.empty(), Optional.of(String.valueOf(failed.getMessage())));
    }
  }

  private record Datagrams(UnixDatagrams socket) implements Channel {
    @Override
    public boolean send(byte[] message, boolean wait) throws IOException {
      return socket.send(message, wait);
    }

    @Override
    public void close() {
      socket.close();
    }
  }

  /** Whether anybody listens, so that messages are worth building. */
  public boolean listening() {
    return channel.isPresent();
  }

  public void send(ServiceMessage message) {
    if (channel.isEmpty()) {
      return;
    }
    try {
      congested = !channel.get().send(message.bytes(), !congested);
      if (congested) {
        remember("the service manager did not take a message in time");
      }
    } catch (IOException failed) {
      remember("telling the service manager failed: " + failed.getMessage());
    }
  }

  private void remember(String what) {
    trouble = trouble.or(() -> Optional.of(what));
  }

  /** The first thing that kept a message from being delivered. */
  public Optional<String> trouble() {
    return trouble;
  }

  @Override
  public void close() {
    channel.ifPresent(Channel::close);
  }
}
