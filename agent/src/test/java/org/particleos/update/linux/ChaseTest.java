package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.linux.Chase.Links;

class ChaseTest {
  @TempDir Path anchor;
  private final Kernel kernel = new LinuxKernel();

  private Path chase(String path) throws IOException {
    return Chase.below(kernel, anchor, Path.of(path), Links.FOLLOW);
  }

  @Test
  void absoluteAndRelativePathsMeanTheSame() throws IOException {
    assertEquals(anchor.resolve("a/b"), chase("/a/b"));
    assertEquals(anchor.resolve("a/b"), chase("a/./b"));
    assertEquals(anchor, chase("/"));
  }

  @Test
  void neitherDotsNorLinksLeadOut() throws IOException {
    Files.createDirectory(anchor.resolve("in"));
    Files.createSymbolicLink(anchor.resolve("absolute"), Path.of("/etc"));
    Files.createSymbolicLink(anchor.resolve("in/relative"), Path.of("../../../../etc"));

    assertEquals(anchor.resolve("etc"), chase("../../etc"));
    assertEquals(anchor.resolve("etc/passwd"), chase("absolute/passwd"));
    assertEquals(anchor.resolve("etc/passwd"), chase("in/relative/passwd"));
  }

  @Test
  void aLinkIsFollowedWithWhatComesBehindIt() throws IOException {
    Files.createDirectories(anchor.resolve("a/b"));
    Files.createSymbolicLink(anchor.resolve("link"), Path.of("a/b"));

    assertEquals(anchor.resolve("a/b/c/d"), chase("link/c/d"));
  }

  @Test
  void aLoopOfLinksIsRefused() throws IOException {
    Files.createSymbolicLink(anchor.resolve("one"), Path.of("two"));
    Files.createSymbolicLink(anchor.resolve("two"), Path.of("one"));

    assertThrows(IOException.class, () -> chase("one"));
  }

  @Test
  void linksAreRefusedOnRequest() throws IOException {
    Files.createDirectories(anchor.resolve("a"));
    Files.createSymbolicLink(anchor.resolve("a/link"), Path.of("x"));

    var refused =
        assertThrows(
            Chase.SymbolicLinkRefused.class,
            () -> Chase.below(kernel, anchor, Path.of("a/link/b"), Links.REFUSE));

    assertEquals(anchor.resolve("a/link"), refused.link());
    assertEquals(anchor.resolve("a/b"), Chase.below(kernel, anchor, Path.of("a/b"), Links.REFUSE));
  }
}
