package org.particleos.update.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Shows long text in the user's pager, if somebody sits at a terminal. */
final class Pager {
  private static final String DEFAULT = "less -FRSXMK";

  private final Terminal terminal;
  private final Map<String, String> environment;
  private final boolean wanted;

  Pager(Terminal terminal, Map<String, String> environment, boolean wanted) {
    this.terminal = terminal;
    this.environment = environment;
    this.wanted = wanted;
  }

  void show(String text) {
    String command = command();
    if (!wanted || !terminal.outIsTerminal() || command.isEmpty() || command.equals("cat")) {
      terminal.out().print(text);
      return;
    }
    try {
      Process pager =
          new ProcessBuilder(List.of("/bin/sh", "-c", command))
              .redirectOutput(ProcessBuilder.Redirect.INHERIT)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (var input = pager.getOutputStream()) {
        input.write(text.getBytes(StandardCharsets.UTF_8));
      }
      // 127: the shell found no such program.
      if (pager.waitFor() == 127) {
        terminal.out().print(text);
      }
    } catch (IOException _) {
      terminal.out().print(text); // the pager ended early or never began; the text still counts
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private String command() {
    for (String name : List.of("SYSTEMD_PAGER", "PAGER")) {
      String value = environment.get(name);
      if (value != null) {
        return value.strip();
      }
    }
    return DEFAULT;
  }
}
