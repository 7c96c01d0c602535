package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.particleos.update.linux.Kernel.OpenFlag;

class FailingKernelTest extends KernelContract {
  private final FailingKernel recording = FailingKernel.recording(new LinuxKernel());

  @Override
  Kernel kernel() {
    return recording;
  }

  @Test
  void everyChangeIsNotedInItsOrder() throws IOException {
    Path file = folder.resolve("file");

    try (var open = recording.open(file, Set.of(OpenFlag.WRITE, OpenFlag.CREATE))) {
      open.write(ByteBuffer.allocateDirect(3), 7);
      open.sync();
    }
    recording.remove(file);

    assertEquals(
        java.util.List.of(
            new FailingKernel.Operation("open", file, 0, 0),
            new FailingKernel.Operation("write", file, 7, 3),
            new FailingKernel.Operation("sync", file, 0, 0),
            new FailingKernel.Operation("remove", file, 0, 0)),
        recording.operations());
  }

  @Test
  void fromTheChosenChangeOnEveryChangeFails() throws IOException {
    var failing = new FailingKernel(new LinuxKernel(), 1, () -> new IOException("power cut"));
    failing.makeDirectory(folder.resolve("first"), 0755);

    assertThrows(IOException.class, () -> failing.makeDirectory(folder.resolve("second"), 0755));
    assertThrows(IOException.class, () -> failing.remove(folder.resolve("first")));

    assertTrue(failing.status(folder.resolve("first")).isPresent());
    assertTrue(failing.status(folder.resolve("second")).isEmpty());
  }
}
