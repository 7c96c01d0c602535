package org.particleos.update.notify;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.particleos.update.failure.Quote;

/**
 * One method call over Varlink: a JSON object that ends with NUL in each direction, on a connection
 * of its own. Loaded only when there is somebody to call.
 */
final class VarlinkCall {
  private static final String METHOD = "io.systemd.SysUpdate.Notify.OnCompletedUpdate";

  /** The reply is an empty object, or an error with a few parameters. */
  static final int REPLY_BYTES_MAX = 64 * 1024;

  private static final int BUFFER_BYTES = 4096;
  private static final ObjectMapper JSON = new ObjectMapper();

  private VarlinkCall() {}

  static byte[] request(Completion completion) {
    var call = JSON.createObjectNode().put("method", METHOD);
    var parameters = call.putObject("parameters");
    completion.component().ifPresent(name -> parameters.put("component", name));
    completion
        .version()
        .ifPresent(version -> {
          parameters.put("version", version.text());
          var resources = parameters.putArray("resources");
          for (var resource : completion.resources()) {
            resources.addObject().put("transfer", resource.transfer()).put("path", resource.path());
          }
        });
    try {
      byte[] text = JSON.writeValueAsBytes(call);
      return Arrays.copyOf(text, text.length + 1);
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException("a tree can be written", impossible);
    }
  }

  /**
   * Sends the request and waits for the reply; an interrupt ends the wait.
   *
   * @return the name of the error that the other side reported
   */
  static Optional<String> call(Path socket, byte[] request) throws IOException {
    try (var channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      var outgoing = ByteBuffer.wrap(request);
      while (outgoing.hasRemaining()) {
        channel.write(outgoing);
      }
      return error(parse(reply(channel)));
    } catch (ClosedByInterruptException interrupted) {
      throw new IOException("the call was interrupted", interrupted);
    }
  }

  private static byte[] reply(SocketChannel channel) throws IOException {
    var reply = new ByteArrayOutputStream();
    var buffer = ByteBuffer.allocate(BUFFER_BYTES);
    while (channel.read(buffer.clear()) >= 0) {
      byte[] bytes = buffer.array();
      for (int i = 0; i < buffer.position(); i++) {
        if (bytes[i] == 0) {
          return reply.toByteArray();
        }
        if (reply.size() == REPLY_BYTES_MAX) {
          throw new IOException("the reply is longer than " + REPLY_BYTES_MAX + " bytes");
        }
        reply.write(bytes[i]);
      }
    }
    throw new EOFException("the connection was closed before the end of a reply");
  }

  private static JsonNode parse(byte[] reply) throws IOException {
    try {
      JsonNode tree = JSON.readTree(reply);
      if (tree.isObject()) {
        return tree;
      }
      throw new IOException("the reply is no JSON object");
    } catch (JsonProcessingException garbage) {
      throw new IOException("the reply is no JSON: " + garbage.getOriginalMessage(), garbage);
    }
  }

  private static Optional<String> error(JsonNode reply) throws IOException {
    var error = reply.path("error");
    if (error.isMissingNode() || error.isNull()) {
      return Optional.empty();
    }
    if (!error.isTextual()) {
      throw new IOException("the reply has an error that is no name: " + Quote.quote("" + error));
    }
    return Optional.of(error.textValue());
  }
}
