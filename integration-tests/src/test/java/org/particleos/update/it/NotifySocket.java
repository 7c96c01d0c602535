package org.particleos.update.it;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Listens as a service manager does ({@code $NOTIFY_SOCKET}). Java knows no datagrams on Unix
 * sockets, so the four calls of the C library are made here.
 */
final class NotifySocket implements AutoCloseable {
  private static final int AF_UNIX = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int ADDRESS_BYTES = 110;
  private static final int MESSAGE_BYTES_MAX = 1 << 16;

  /** Tells the listening thread that nothing will follow. */
  private static final String END = "X_TEST_END=1";

  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle SOCKET =
      function("socket", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
  private static final MethodHandle BIND =
      function("bind", ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
  private static final MethodHandle CLOSE = function("close", ValueLayout.JAVA_INT);
  private static final MethodHandle RECV =
      longFunction(
          "recv",
          ValueLayout.JAVA_INT,
          ValueLayout.ADDRESS,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_INT);
  private static final MethodHandle SENDTO =
      longFunction(
          "sendto",
          ValueLayout.JAVA_INT,
          ValueLayout.ADDRESS,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_INT,
          ValueLayout.ADDRESS,
          ValueLayout.JAVA_INT);

  private final Path path;
  private final int descriptor;
  private final List<String> soFar = new CopyOnWriteArrayList<>();
  private final CompletableFuture<List<String>> received;

  @SuppressWarnings("restricted") // calling C is what this class is for
  private static MethodHandle function(String name, ValueLayout... parameters) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
  }

  @SuppressWarnings("restricted") // calling C is what this class is for
  private static MethodHandle longFunction(String name, ValueLayout... parameters) {
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(ValueLayout.JAVA_LONG, parameters));
  }

  NotifySocket() throws IOException {
    // Socket paths are short: not below the folder of a test.
    path = Files.createTempDirectory("pu-notify").resolve("socket");
    descriptor = socket();
    try (Arena arena = Arena.ofConfined()) {
      check("bind", (int) BIND.invokeExact(descriptor, address(arena), ADDRESS_BYTES));
    } catch (Throwable e) {
      throw failed("bind", e);
    }
    received =
        CompletableFuture.supplyAsync(
            this::listen, task -> Thread.ofPlatform().daemon().name("notify").start(task));
  }

  Path path() {
    return path;
  }

  /** How many messages so far have this in them. */
  long count(String part) {
    return soFar.stream().filter(message -> message.contains(part)).count();
  }

  /** Everything that was heard until now; the listening goes on. */
  List<String> soFar() {
    return List.copyOf(soFar);
  }

  /** Everything that was sent until now, one message per element. Ends the listening. */
  List<String> messages() throws IOException {
    byte[] end = END.getBytes(StandardCharsets.US_ASCII);
    int sender = socket();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocateFrom(ValueLayout.JAVA_BYTE, end);
      check(
          "sendto",
          (long)
              SENDTO.invokeExact(
                  sender, text, (long) end.length, 0, address(arena), ADDRESS_BYTES));
      check("close", (int) CLOSE.invokeExact(sender));
    } catch (Throwable e) {
      throw failed("sendto", e);
    }
    return received.join();
  }

  private List<String> listen() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(MESSAGE_BYTES_MAX);
      while (true) {
        long length =
            check("recv", (long) RECV.invokeExact(descriptor, buffer, (long) MESSAGE_BYTES_MAX, 0));
        byte[] bytes = buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
        String message = new String(bytes, StandardCharsets.UTF_8);
        if (message.equals(END)) {
          return List.copyOf(soFar);
        }
        soFar.add(message);
      }
    } catch (Throwable e) {
      throw new IllegalStateException("cannot listen on " + path, e);
    }
  }

  private MemorySegment address(Arena arena) {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(ADDRESS_BYTES).order(ByteOrder.nativeOrder());
    bytes.putShort((short) AF_UNIX).put(name);
    return arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes.array());
  }

  private static int socket() throws IOException {
    try {
      return (int) check("socket", (int) SOCKET.invokeExact(AF_UNIX, SOCK_DGRAM, 0));
    } catch (Throwable e) {
      throw failed("socket", e);
    }
  }

  private static long check(String call, long result) throws IOException {
    if (result < 0) {
      throw new IOException(call + " failed");
    }
    return result;
  }

  /** Method handles declare everything that can be thrown. */
  private static IOException failed(String call, Throwable cause) {
    return new IOException("cannot call " + call, cause);
  }

  @Override
  public void close() throws IOException {
    try {
      check("close", (int) CLOSE.invokeExact(descriptor));
    } catch (Throwable e) {
      throw failed("close", e);
    }
    Files.delete(path);
    Files.delete(path.getParent());
  }
}
