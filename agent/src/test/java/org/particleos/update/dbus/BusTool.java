package org.particleos.update.dbus;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Other people's programs that speak to a bus, run on one of the test's own. */
final class BusTool {
  private static final long PATIENCE_SECONDS = 60;

  private final String address;

  BusTool(String address) {
    this.address = address;
  }

  /** How a program ended. */
  record Ended(int status, String out, String err) {
    String succeeded() {
      assertTrue(status == 0, () -> "status " + status + ", " + out + err);
      return out.strip();
    }

    String failed() {
      assertTrue(status != 0, () -> "succeeded with " + out);
      return err.strip();
    }
  }

  Ended busctl(String... arguments) throws IOException, InterruptedException {
    return run("busctl", List.of("--system", "--no-pager"), arguments);
  }

  Ended gdbus(String command, String... arguments) throws IOException, InterruptedException {
    return run("gdbus", List.of(command, "--system"), arguments);
  }

  private Ended run(String program, List<String> first, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(program);
    command.addAll(first);
    command.addAll(List.of(arguments));
    return run(command);
  }

  Ended run(List<String> command) throws IOException, InterruptedException {
    var builder = new ProcessBuilder(command);
    builder.environment().put("DBUS_SYSTEM_BUS_ADDRESS", address);
    builder.environment().put("LC_ALL", "C");
    Process process;
    try {
      process = builder.start();
    } catch (IOException missing) {
      assumeTrue(false, command.getFirst() + " is not installed: " + missing.getMessage());
      throw missing;
    }
    process.getOutputStream().close();
    // Not in the pool that all share: several programs run at a time.
    var err = new CompletableFuture<String>();
    Thread.ofVirtual().start(() -> err.complete(read(process.getErrorStream())));
    String out = read(process.getInputStream());
    assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "it does not end");
    return new Ended(process.exitValue(), out, err.join());
  }

  private static String read(java.io.InputStream in) {
    try (in) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
