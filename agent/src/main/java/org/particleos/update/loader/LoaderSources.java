package org.particleos.update.loader;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.particleos.update.failure.Quote;
import org.particleos.update.linux.Chase;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.OpenFile;
import org.particleos.update.pe.PeMachine;

/** The loaders that an operating system brings along in {@code /usr}. */
final class LoaderSources {
  private static final String DIRECTORY = "usr/lib/systemd/boot/efi";
  private static final String SIGNED = ".signed";

  private final Kernel kernel;
  private final Path root;

  /**
   * @param root of the operating system
   */
  LoaderSources(Kernel kernel, Path root) {
    this.kernel = kernel;
    this.root = root;
  }

  /**
   * What there is.
   *
   * @param refused files of the right name that are no systemd-boot, each with the reason
   */
  record Found(List<LoaderOffer> offers, List<String> refused) {
    Found {
      offers = List.copyOf(offers);
      refused = List.copyOf(refused);
    }

    Optional<LoaderOffer> forMachine(PeMachine machine) {
      return offers.stream().filter(offer -> offer.machine() == machine).findFirst();
    }
  }

  /** At most one for each machine: the signed one where there is one. */
  Found look() throws IOException {
    List<LoaderOffer> offers = new ArrayList<>();
    List<String> refused = new ArrayList<>();
    for (PeMachine machine : PeMachine.values()) {
      String name = "systemd-boot" + machine.suffix() + ".efi";
      for (String candidate : List.of(name + SIGNED, name)) {
        // Links lead to where package managers keep files, but never out of the root.
        Path path = Chase.below(kernel, root, Path.of(DIRECTORY, candidate), Chase.Links.FOLLOW);
        if (kernel.status(path).isEmpty()) {
          continue;
        }
        // A signed one that is not in order is no reason to take one that Secure Boot refuses.
        switch (LoaderFile.look(kernel, path, machine)) {
          case LoaderFile.Ours(var version, _) ->
              offers.add(new LoaderOffer(path, machine, version, candidate.endsWith(SIGNED)));
          case LoaderFile.Foreign(var why) -> refused.add(Quote.quote(path.toString()) + " " + why);
          case LoaderFile.Missing() -> {}
        }
        break;
      }
    }
    return new Found(offers, refused);
  }

  /** All of a file, if it is still the one that was offered. */
  static Optional<byte[]> read(Kernel kernel, LoaderOffer offer) throws IOException {
    try (OpenFile file = kernel.open(offer.path(), EnumSet.of(OpenFlag.READ, OpenFlag.NO_FOLLOW))) {
      if (!(LoaderFile.of(file, offer.machine()) instanceof LoaderFile.Ours(var version, var size))
          || !version.equals(offer.version())) {
        return Optional.empty();
      }
      try (var arena = Arena.ofConfined()) {
        var buffer = arena.allocate(size).asByteBuffer();
        if (file.read(buffer, 0) < size) {
          return Optional.empty();
        }
        byte[] bytes = new byte[(int) size];
        buffer.flip().get(bytes);
        return Optional.of(bytes);
      }
    }
  }
}
