package org.particleos.update.loader;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.particleos.update.linux.Kernel;
import org.particleos.update.pe.PeBytes;
import org.particleos.update.pe.PeMachine;

/** A machine with an operating system and an EFI system partition, both below a folder. */
public final class Loaders {
  private final Path home;

  public Loaders(Path home) throws IOException {
    this.home = home;
    Files.createDirectories(esp());
    Files.createDirectories(home.resolve("root"));
  }

  /** A systemd-boot of a version for x86-64. */
  public static byte[] systemdBoot(String version) {
    return PeBytes.application()
        .with(".text", "code of " + version)
        .with(".sdmagic", "#### LoaderInfo: systemd-boot " + version + " ####\0")
        .bytes();
  }

  /** Some other boot loader. */
  public static byte[] grub() {
    return PeBytes.application().with(".text", "grub").bytes();
  }

  Path root() {
    return home.resolve("root");
  }

  Path esp() {
    return root().resolve("efi"); // overrides are below the root
  }

  private static Path put(Path file, byte[] bytes) throws IOException {
    Files.createDirectories(file.getParent());
    return Files.write(file, bytes);
  }

  /** What the operating system brings along. */
  Path offer(String name, byte[] bytes) throws IOException {
    return put(root().resolve("usr/lib/systemd/boot/efi").resolve(name), bytes);
  }

  /** What is on the partition. */
  Path installed(String path, byte[] bytes) throws IOException {
    return put(esp().resolve(path), bytes);
  }

  BootLoader loader(Kernel kernel) {
    return BootLoader.of(
        kernel, root(), Map.of("SYSTEMD_ESP_PATH", "/efi"), Optional.of(PeMachine.X64));
  }
}
