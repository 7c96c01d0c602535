package org.particleos.update.service;

import java.io.IOException;
import java.util.function.Consumer;
import org.particleos.update.state.StateFile;
import org.particleos.update.update.Machine;

/**
 * Keeps a {@link Memory} in {@code agent.json}. If that is damaged, the daemon begins anew. Used by
 * one thread at a time.
 */
final class MemoryFile {
  private static final StateFile.Format<Memory> FORMAT =
      new StateFile.Format<>(
          Memory.EMPTY, Memory::of, Memory::json, "checks, failures and a hold are forgotten");

  private final StateFile<Memory> file;
  private final Consumer<String> warning;
  private boolean complained;

  MemoryFile(Machine machine, Consumer<String> warning) {
    this.file =
        new StateFile<>(
            machine.kernel(), machine.root(), machine.ownStateDirectory(), "agent.json", FORMAT);
    this.warning = warning;
  }

  Memory read() {
    return file.read(warning);
  }

  /** What cannot be written is told once and costs a check too many after the next start. */
  void write(Memory memory) {
    try {
      file.write(memory);
      complained = false;
    } catch (IOException e) {
      if (!complained) {
        warning.accept("what is to be remembered cannot be written: " + e.getMessage());
        complained = true;
      }
    }
  }
}
