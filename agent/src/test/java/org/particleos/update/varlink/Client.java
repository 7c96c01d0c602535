package org.particleos.update.varlink;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A client that does what it is told, sensible or not. Waits as long as it takes. */
final class Client implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final SocketChannel channel;
  private final ByteBuffer arrived = ByteBuffer.allocate(4096).limit(0);

  private Client(SocketChannel channel) {
    this.channel = channel;
  }

  static Client at(Path socket) throws IOException {
    return new Client(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
  }

  Client sends(byte[] bytes) throws IOException {
    var buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    return this;
  }

  /** A message, written with single quotes for legibility. */
  Client says(String message) throws IOException {
    return sends((message.replace('\'', '"') + "\0").getBytes(StandardCharsets.UTF_8));
  }

  Client saysNothingMore() throws IOException {
    channel.shutdownOutput();
    return this;
  }

  /** The next reply, as text. */
  String hears() throws IOException {
    var message = new ByteArrayOutputStream();
    while (true) {
      if (!arrived.hasRemaining()) {
        arrived.clear();
        int count = channel.read(arrived);
        arrived.flip();
        if (count < 0) {
          throw new EOFException("the connection ended after " + message.size() + " bytes");
        }
      }
      byte next = arrived.get();
      if (next == 0) {
        return message.toString(StandardCharsets.UTF_8);
      }
      message.write(next);
    }
  }

  JsonNode hearsJson() throws IOException {
    return JSON.readTree(hears());
  }

  /** Calls and hears. */
  String asks(String message) throws IOException {
    return says(message).hears();
  }

  /** Waits for the end of the connection; whether nothing came before. */
  boolean hearsNothingMore() {
    try {
      hears();
      return false;
    } catch (IOException ended) {
      return true; // closed, or closed with something unread
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
