package org.particleos.update.update;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.particleos.update.definition.Checks;
import org.particleos.update.definition.DefinitionPlace;
import org.particleos.update.disk.DiskLocator;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.HttpFetcher;
import org.particleos.update.fetch.HttpLimits;
import org.particleos.update.fetch.RetryLimits;
import org.particleos.update.linux.Kernel;
import org.particleos.update.plan.VersionSets;
import org.particleos.update.spool.SpoolPolicy;
import org.particleos.update.update.Updater.Goal;

/**
 * An operating system below a directory that has no disk: whatever a test defines, from local
 * directories or from a server, into directories. It passes for the running one.
 */
final class SmallSystem {
  private final Path home;
  private final Map<String, String> environment = new HashMap<>();
  private final List<UpdateEvent> events = new ArrayList<>();
  private Kernel kernel = new MarkingKernel();
  private DiskLocator.Scope scope = new DiskLocator.Scope.Host();
  private UpdateEvent.Observer observer = _ -> {};
  private Settings settings;

  SmallSystem(Path home) throws IOException {
    this.home = home;
    Files.createDirectories(root());
    this.settings =
        new Settings(
            new DefinitionPlace.Host(root()),
            Optional.of(false),
            OptionalLong.empty(),
            true,
            Optional.empty(),
            false,
            true,
            Checks.defaults());
    file("/etc/os-release", "ID=test\n");
  }

  Path root() {
    return home.resolve("root");
  }

  /** Where a path of the system really is. */
  Path at(String path) {
    return root().resolve(path.substring(1));
  }

  Path runDirectory() {
    return home.resolve("run");
  }

  Kernel kernel() {
    return kernel;
  }

  // ---- What is on it ----

  SmallSystem file(String path, byte[] bytes) throws IOException {
    Files.createDirectories(at(path).getParent());
    Files.write(at(path), bytes);
    return this;
  }

  SmallSystem file(String path, String text) throws IOException {
    return file(path, text.getBytes(StandardCharsets.UTF_8));
  }

  SmallSystem running(String version) throws IOException {
    return file("/etc/os-release", "ID=test\nIMAGE_VERSION=" + version + "\n");
  }

  SmallSystem transfer(String id, String text) throws IOException {
    return file("/etc/sysupdate.d/" + id + ".transfer", text);
  }

  SmallSystem component(String name, String id, String text) throws IOException {
    return file("/etc/sysupdate." + name + ".d/" + id + ".transfer", text);
  }

  /** Plain files named {@code NAME_VERSION}, from {@code /srv/NAME} to {@code /var/NAME}. */
  static String plainFiles(String name) {
    return """
    [Source]
    Type=regular-file
    Path=/srv/%1$s
    MatchPattern=%1$s_@v
    [Target]
    Type=regular-file
    Path=/var/%1$s
    """
        .formatted(name);
  }

  SmallSystem offers(String name, String... versions) throws IOException {
    for (String version : versions) {
      file("/srv/" + name + "/" + name + "_" + version, name + " " + version);
    }
    return this;
  }

  SmallSystem env(String name, String value) {
    environment.put(name, value);
    return this;
  }

  /** It no longer is the running system but one below a directory of it. */
  SmallSystem belowRoot() {
    scope = new DiskLocator.Scope.Root();
    return this;
  }

  /** It looks at disks in another way than by marking. */
  SmallSystem seenThrough(Kernel another) {
    kernel = another;
    return this;
  }

  SmallSystem choosing(Settings chosen) {
    settings = chosen;
    return this;
  }

  SmallSystem watchedBy(UpdateEvent.Observer newObserver) {
    observer = newObserver;
    return this;
  }

  Settings settings() {
    return settings;
  }

  Settings settingsOf(String component) {
    return settings.withPlace(new DefinitionPlace.Component(component, root()));
  }

  // ---- Looking at it ----

  /** Names in a directory, hidden ones too. */
  List<String> names(String directory) throws IOException {
    if (!Files.exists(at(directory))) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(at(directory))) {
      return files.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  List<UpdateEvent> events() {
    return List.copyOf(events);
  }

  List<String> warnings() {
    return events.stream()
        .filter(UpdateEvent.Warning.class::isInstance)
        .map(event -> ((UpdateEvent.Warning) event).text())
        .toList();
  }

  // ---- Running the engine ----

  Machine machine() {
    return new Machine(
        kernel,
        () -> Instant.parse("2026-11-22T12:00:00Z"),
        environment,
        root(),
        scope,
        home.resolve("locks"),
        runDirectory(),
        Path.of("/var/lib/state"),
        SpoolPolicy.off());
  }

  Updater updater(Settings chosen) {
    return new Updater(
        machine(),
        chosen,
        new HttpFetcher("test", HttpLimits.defaults(), RetryLimits.once(), Map.of()),
        event -> {
          events.add(event);
          observer.on(event);
        },
        new Cancellation());
  }

  Outcome apply() throws UpdateException {
    return apply(settings, Goal.UPDATE);
  }

  Outcome apply(Goal goal) throws UpdateException {
    return apply(settings, goal);
  }

  Outcome apply(Settings chosen, Goal goal) throws UpdateException {
    try (Updater updater = updater(chosen)) {
      return updater.apply(Optional.empty(), goal, "test");
    }
  }

  Overview overview() throws UpdateException {
    try (Updater updater = updater(settings)) {
      return updater.overview(VersionSets.View.ONLINE);
    }
  }

  Updater.Vacuumed vacuum() throws UpdateException {
    try (Updater updater = updater(settings)) {
      return updater.vacuum("test");
    }
  }

  void cleanup(Settings chosen) throws UpdateException {
    try (Updater updater = updater(chosen)) {
      updater.cleanup("test");
    }
  }

  List<Finding> examine(VersionSets.View view) {
    try (Updater updater = updater(settings)) {
      return updater.examine(view);
    }
  }
}
