package org.particleos.update.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.image.ImagePolicy;
import org.particleos.update.image.MountedImage;
import org.particleos.update.update.Machine;

/**
 * The operating system that a run works on: the running one, one below a directory, or one in a
 * disk image, which stays mounted until this is closed.
 */
final class ChosenSystem implements AutoCloseable {
  private final Machine machine;
  private final Optional<MountedImage> image;

  private ChosenSystem(Machine machine, Optional<MountedImage> image) {
    this.machine = machine;
    this.image = image;
  }

  static ChosenSystem of(
      GlobalOptions options, Terminal terminal, Machine running, Verb.Access access)
      throws UpdateException {
    Optional<Path> imagePath = options.image();
    if (imagePath.isEmpty()) {
      return new ChosenSystem(options.root().map(running::below).orElse(running), Optional.empty());
    }
    ImagePolicy policy =
        options.imagePolicy().isPresent()
            ? ImagePolicy.parse(options.imagePolicy().get())
            : ImagePolicy.ALLOW;
    MountedImage mounted =
        MountedImage.mount(
            running.kernel(),
            imagePath.get(),
            switch (access) {
              case READ_ONLY -> MountedImage.Access.READ_ONLY;
              case CHANGES -> MountedImage.Access.READ_WRITE;
            },
            policy);
    mounted.warnings().forEach(text -> terminal.err().println("Warning: " + text));
    return new ChosenSystem(running.inImage(mounted.root(), mounted.disk()), Optional.of(mounted));
  }

  Machine machine() {
    return machine;
  }

  @Override
  public void close() throws UpdateException {
    if (image.isPresent()) {
      image.get().close();
    }
  }
}
