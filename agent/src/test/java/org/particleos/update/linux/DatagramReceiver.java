package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Receives datagrams with Python, since Java has no datagram sockets of this family. */
public final class DatagramReceiver implements AutoCloseable {
  private static final String SCRIPT =
      """
      import socket, sys
      name = sys.argv[1]
      s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
      s.bind('\\0' + name[1:] if name[0] == '@' else name)
      print('bound', flush=True)
      for line in sys.stdin:
          print(s.recv(65536).hex(), flush=True)
      """;

  private final Process process;

  private DatagramReceiver(Process process) {
    this.process = process;
  }

  public static DatagramReceiver at(String name) throws IOException {
    Process started;
    try {
      started =
          new ProcessBuilder("python3", "-c", SCRIPT, name)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
    } catch (IOException missing) {
      assumeTrue(false, "python3 is missing: " + missing.getMessage());
      throw missing;
    }
    var receiver = new DatagramReceiver(started);
    assertEquals("bound", started.inputReader().readLine());
    return receiver;
  }

  public String next() throws IOException {
    var ask = process.outputWriter();
    ask.write("\n");
    ask.flush();
    byte[] bytes = HexFormat.of().parseHex(process.inputReader().readLine());
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** Afterwards nobody listens there any more. */
  @Override
  public void close() throws IOException {
    process.outputWriter().close();
    process.destroy();
    process.onExit().join();
  }
}
