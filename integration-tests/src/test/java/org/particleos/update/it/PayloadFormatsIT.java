package org.particleos.update.it;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.particleos.update.demo.Tool;

/** Payloads come in any of the compressions, told apart by content and not by name. */
@ExtendWith(WithMachine.class)
class PayloadFormatsIT {
  @ParameterizedTest
  @CsvSource({
    "raw, cat",
    "raw.xz, xz -1 -c",
    "raw.gz, gzip -c",
    "raw.bz2, bzip2 -c",
    "raw.lz4, lz4 -q -c",
    "raw.zst, zstd -q -19 -c",
    "raw.zst, xz -1 -c",
  })
  void anyCompressionIsUnpacked(String ending, String command, TestMachine machine)
      throws Exception {
    Path packed = machine.usrPayload();
    String name = packed.getFileName().toString().replace("raw.zst", ending);
    Files.delete(packed);
    Path image = machine.releases().release("2").usr();
    Tool.run(
        machine.folder(),
        "sh",
        "-c",
        command + " < '" + image + "' > '" + machine.web().resolve(name) + "'");
    machine.sign();
    machine.dropIn("30-usr", "[Source]", "MatchPattern=ParticleOS_@v_%a.usr-%a.@u." + ending);

    machine.assertPlainApplyInstalls();
  }
}
