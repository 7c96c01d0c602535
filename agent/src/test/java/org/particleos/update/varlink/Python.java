package org.particleos.update.varlink;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Does what Java cannot: become somebody else, pass descriptors. */
final class Python {
  /** Of the system: others start it through a wrapper, which has another process number. */
  private static final Path PROGRAM = Path.of("/usr/bin/python3");

  private Python() {}

  static Process runs(String script, String... arguments) throws IOException {
    assumeTrue(Files.isExecutable(PROGRAM), PROGRAM + " is missing");
    List<String> command = new ArrayList<>(List.of(PROGRAM.toString(), "-c", script));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }
}
