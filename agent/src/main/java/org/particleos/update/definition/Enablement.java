package org.particleos.update.definition;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.particleos.update.failure.Errno;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Chase.Links;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.pattern.FieldText;

/**
 * Switches features and components on and off below a root, by one drop-in of the administrator
 * each (transfer-files.md 16.2, 17.4). Whether they are defined is for the caller to know.
 *
 * <p>A drop-in is published by one rename: after a crash there is the old one or the new one,
 * whole. Nothing else of the administrator is touched. Links are followed inside the root and never
 * lead out of it.
 */
public final class Enablement {
  private static final String DROP_IN = "50-systemd-sysupdate-enabled.conf";

  /** Does not end in .conf: a leftover of a crash counts for nothing. */
  private static final String UNFINISHED = "." + DROP_IN + ".new";

  private static final int DIRECTORY_MODE = 0755;
  private static final int FILE_MODE = 0644;

  private final Kernel kernel;
  private final Path root;

  /**
   * @param root absolute; of the running system or of what is worked on
   */
  public Enablement(Kernel kernel, Path root) {
    this.kernel = kernel;
    this.root = root;
  }

  /** What is switched. */
  public sealed interface Subject {
    /**
     * A feature.
     *
     * @param component whose feature it is; empty for the host's
     */
    record OfFeature(Optional<String> component, String name) implements Subject {
      public OfFeature {
        if (!SafeName.isFeature(name) || !component.map(SafeName::isComponent).orElse(true)) {
          throw new IllegalArgumentException("callers check the names of features and components");
        }
      }

      /** A feature of the host. */
      public OfFeature(String name) {
        this(Optional.empty(), name);
      }
    }

    record OfComponent(String name) implements Subject {
      public OfComponent {
        if (!SafeName.isComponent(name)) {
          throw new IllegalArgumentException("callers check the names of components");
        }
      }
    }
  }

  /**
   * What was done.
   *
   * @param file the drop-in, as seen from outside of the root
   * @param overriddenBy the assignment elsewhere that has the last word and says the opposite
   */
  public record Written(Path file, Optional<DefinitionWarning> overriddenBy) {
    public Written {
      Objects.requireNonNull(file);
      Objects.requireNonNull(overriddenBy);
    }
  }

  /** Where the files of a subject are, and what is in them. */
  private record Layout(DefinitionFiles files, String fileName, String section) {
    Path administrators() {
      return files.administrators(fileName);
    }
  }

  private Layout layout(Subject subject, Warnings warnings) throws UpdateException {
    return switch (subject) {
      case Subject.OfFeature(var component, var name) ->
          new Layout(
              DefinitionFiles.of(place(component), warnings),
              name + FeatureReader.SUFFIX,
              "Feature");
      case Subject.OfComponent(var name) ->
          new Layout(
              DefinitionFiles.ofMetadata(root, warnings),
              ComponentReader.fileName(name),
              "Component");
    };
  }

  /**
   * Writes the drop-in and reads all of the subject's files again.
   *
   * @param author what the comment in the file says who wrote it, such as {@code "particle-update
   *     enable-feature"}
   * @throws UpdateException if it cannot be written, or what is there cannot be read
   */
  public Written set(Subject subject, boolean enabled, String author) throws UpdateException {
    if (author.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException("the author is told in one line");
    }
    // What is wrong with other keys is told when the definitions are loaded.
    var warnings = new Warnings();
    Layout layout = layout(subject, warnings);
    String text =
        "# Written by %s\n[%s]\nEnabled=%s\n"
            .formatted(author, layout.section(), enabled ? "yes" : "no");
    Path file = publish(layout.administrators(), text);
    return new Written(file, overriding(layout, enabled));
  }

  /**
   * Removes the drop-in, so that what others say counts again.
   *
   * @return whether there was one
   * @throws UpdateException if it cannot be removed
   */
  public boolean forget(Subject subject) throws UpdateException {
    Path inside = layout(subject, new Warnings()).administrators();
    Path shown = shown(inside);
    try {
      Path directory = org.particleos.update.linux.Chase.below(kernel, root, inside, Links.FOLLOW);
      Path file = directory.resolve(DROP_IN);
      if (kernel.status(file).isEmpty()) {
        return false;
      }
      kernel.remove(file);
      kernel.syncDirectory(directory);
      return true;
    } catch (IOException e) {
      throw IoFailure.writing("removing " + Quote.quote(shown.toString()) + " failed", e)
          .inState("the former setting is in force, or none");
    }
  }

  private DefinitionPlace place(Optional<String> component) {
    return component.isPresent()
        ? new DefinitionPlace.Component(component.get(), root)
        : new DefinitionPlace.Host(root);
  }

  private Path publish(Path inside, String text) throws UpdateException {
    Path shown = shown(inside);
    try {
      Path directory =
          // Not this package's Chase: what is missing is to be created.
          org.particleos.update.linux.Chase.below(kernel, root, inside, Links.FOLLOW);
      makeDirectories(directory);
      Path unfinished = directory.resolve(UNFINISHED);
      if (kernel.status(unfinished).isPresent()) {
        kernel.remove(unfinished);
      }
      write(unfinished, text);
      kernel.rename(unfinished, directory.resolve(DROP_IN));
      kernel.syncDirectory(directory);
      return shown;
    } catch (IOException e) {
      throw IoFailure.writing("writing " + Quote.quote(shown.toString()) + " failed", e)
          .inState("the former setting or the new one is in force, nothing in between");
    }
  }

  private Path shown(Path inside) {
    return root.resolve(Path.of("/").relativize(inside)).resolve(DROP_IN);
  }

  private void write(Path file, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    var buffer = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    try (var out =
        kernel.open(
            file,
            Set.of(OpenFlag.WRITE, OpenFlag.CREATE, OpenFlag.EXCLUSIVE, OpenFlag.NO_FOLLOW))) {
      kernel.changeMode(file, FILE_MODE);
      out.write(buffer, 0);
      out.sync();
    } catch (IOException e) {
      try {
        kernel.remove(file);
      } catch (IOException leftover) {
        // It counts for nothing, and the next attempt removes it.
        e.addSuppressed(leftover);
      }
      throw e;
    }
  }

  /** Creates what is missing, each level durable before the next. */
  private void makeDirectories(Path directory) throws IOException {
    Path parent = directory.getParent();
    if (parent == null || kernel.status(directory).isPresent()) {
      return;
    }
    makeDirectories(parent);
    try {
      kernel.makeDirectory(directory, DIRECTORY_MODE);
      // Whatever the umask says: everybody reads definitions.
      kernel.changeMode(directory, DIRECTORY_MODE);
    } catch (LinuxException e) {
      if (!e.is(Errno.EEXIST)) { // somebody else made it meanwhile
        throw e;
      }
    }
    kernel.syncDirectory(parent);
  }

  /** Drop-ins count by name wherever they are; another one may come after ours. */
  private Optional<DefinitionWarning> overriding(Layout layout, boolean wanted)
      throws UpdateException {
    var files = layout.files();
    List<Assignment> assignments =
        files.assignments(
            layout.fileName(), files.mainFile(layout.fileName()), Set.of(layout.section()));
    return assignments.stream()
        .filter(assignment -> assignment.key().equals("Enabled"))
        .filter(assignment -> FieldText.bool(assignment.value()).isPresent())
        .reduce((_, last) -> last)
        .filter(last -> FieldText.bool(last.value()).orElse(wanted) != wanted)
        .map(last ->
            new DefinitionWarning(
                last.file(),
                last.line(),
                "Enabled="
                    + Quote.quote(last.value())
                    + " has the last word, so the new setting has no effect"));
  }
}
