package org.particleos.update.definition;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** A running system made of files below a directory: what {@code /proc} and {@code /sys} show. */
final class AMachine {
  static final String ID = "00112233445566778899aabbccddeeff";

  private final Path root;
  private final Map<String, String> environment = new HashMap<>();

  AMachine(Path root) {
    this.root = root;
  }

  AMachine file(String inside, String content) throws IOException {
    return bytes(inside, content.getBytes(StandardCharsets.UTF_8));
  }

  AMachine bytes(String inside, byte[] content) throws IOException {
    Files.createDirectories(root.resolve(inside).getParent());
    Files.write(root.resolve(inside), content);
    return this;
  }

  AMachine with(String variable, String inside) {
    environment.put(variable, root.resolve(inside).toString());
    return this;
  }

  AMachine dmi(String field, String value) throws IOException {
    return file("sys/class/dmi/id/" + field, value + "\n");
  }

  AMachine efiVariable(String name, int... value) throws IOException {
    byte[] content = new byte[4 + value.length];
    content[0] = 6;
    for (int i = 0; i < value.length; i++) {
      content[4 + i] = (byte) value[i];
    }
    return bytes("sys/firmware/efi/efivars/" + name, content);
  }

  /** Of the kind that most people have. */
  AMachine identified() throws IOException {
    return file("proc/sys/kernel/arch", "x86_64\n")
        .file("proc/sys/kernel/hostname", "Box-7.example.org\n")
        .file("proc/sys/kernel/osrelease", "6.17.1-300.fc43\n")
        .file("proc/sys/kernel/random/boot_id", "11112222-3333-4444-5555-666677778888\n")
        .file("etc/machine-id", ID + "\n")
        .file("etc/os-release", "ID=fedora\nVERSION_ID=43\nVARIANT_ID=desk\n")
        .file("proc/cmdline", "quiet root=/dev/vda2 opt=\"two words\" flag= rd.x=1\n")
        .file("proc/cpuinfo", "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu vme\n")
        .file("proc/self/uid_map", "         0          0 4294967295\n");
  }

  ConditionFacts facts() {
    return new ConditionFacts(root, environment, Optional.of(Architecture.X86_64));
  }
}
