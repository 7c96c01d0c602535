package org.particleos.update.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** What a reader of the numbers has to know of the machine; nothing that identifies it. */
record MachineFacts(List<String> lines) {
  static MachineFacts read(Path dataFolder) throws IOException {
    String cpu = Files.readString(Path.of("/proc/cpuinfo"));
    String memory = Files.readString(Path.of("/proc/meminfo"));
    String version = Files.readString(Path.of("/proc/version"));
    long mebibytes = Long.parseLong(first(memory, "(?m)^MemTotal:\\s+([0-9]+)")) / 1024;
    return new MachineFacts(
        List.of(
            "CPU: "
                + first(cpu, "(?m)^model name\\s*:\\s*(.*)$")
                + ", "
                + Runtime.getRuntime().availableProcessors()
                + " processors, "
                + (first(cpu, "\\b(sha_ni|sha2)\\b").equals("unknown") ? "without" : "with")
                + " SHA instructions",
            "memory: " + mebibytes + " MiB",
            "Linux " + first(version, "^Linux version (\\S+)"),
            "Java "
                + Runtime.version()
                + " ("
                + System.getProperty("java.vm.name")
                + ", "
                + System.getProperty("java.vendor")
                + ")",
            "file system of disks and payloads: " + Files.getFileStore(dataFolder).type(),
            "load when it began: " + first(Files.readString(Path.of("/proc/loadavg")), "^(\\S+)")));
  }

  /** Not every architecture tells everything. */
  private static String first(String text, String pattern) {
    var matcher = Pattern.compile(pattern).matcher(text);
    return matcher.find() ? matcher.group(1).strip() : "unknown";
  }
}
