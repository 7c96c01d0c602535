package org.particleos.update.definition;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.particleos.update.failure.UpdateException;

/** A made-up machine whose files a test writes one by one. */
final class DefinitionTree {
  static final String MINIMAL_SOURCE =
      """
      [Source]
      Type=url-file
      Path=https://example.org/images/
      MatchPattern=os_@v.raw
      """;

  static final String MINIMAL_TARGET =
      """
      [Target]
      Type=regular-file
      Path=/var/lib/os
      """;

  static final String MINIMAL = MINIMAL_SOURCE + MINIMAL_TARGET;

  private final Path root;
  private SpecifierSource facts = facts(Map.of("ID", "fedora", "VERSION_ID", "43"));

  DefinitionTree(Path root) {
    this.root = root;
  }

  static HostFacts facts(Map<String, String> osRelease) {
    return new HostFacts(
        Optional.of(Architecture.X86_64),
        Optional.of(osRelease),
        Optional.of("00112233445566778899aabbccddeeff"),
        Optional.of("host.example.org"),
        Optional.empty(),
        Optional.empty(),
        Optional.of("6.17.1"),
        Path.of("/tmp"),
        Path.of("/var/tmp"));
  }

  DefinitionTree knowing(SpecifierSource newFacts) {
    facts = newFacts;
    return this;
  }

  DefinitionTree withOsRelease(Map<String, String> fields) {
    return knowing(facts(fields));
  }

  Path root() {
    return root;
  }

  Path path(String inside) {
    return root.resolve(inside);
  }

  DefinitionTree file(String inside, String content) throws IOException {
    Files.createDirectories(path(inside).getParent());
    Files.writeString(path(inside), content);
    return this;
  }

  DefinitionTree bytes(String inside, byte[] content) throws IOException {
    Files.createDirectories(path(inside).getParent());
    Files.write(path(inside), content);
    return this;
  }

  DefinitionTree link(String inside, String target) throws IOException {
    Files.createDirectories(path(inside).getParent());
    Files.createSymbolicLink(path(inside), Path.of(target));
    return this;
  }

  Definitions load() throws UpdateException {
    return new DefinitionLoader(facts).load(new DefinitionPlace.Host(root));
  }

  Definitions loadComponent(String name) throws UpdateException {
    return new DefinitionLoader(facts).load(new DefinitionPlace.Component(name, root));
  }

  DefinitionTree directory(String inside) throws IOException {
    Files.createDirectories(path(inside));
    return this;
  }

  Component component(String name) throws UpdateException {
    return new DefinitionLoader(facts).component(new DefinitionPlace.Component(name, root));
  }

  /** The one transfer that this text defines. */
  Transfer only(String content) throws IOException, UpdateException {
    return file("etc/sysupdate.d/50-os.transfer", content).load().enabled().getFirst();
  }
}
