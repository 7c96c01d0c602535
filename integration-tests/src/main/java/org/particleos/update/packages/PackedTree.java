package org.particleos.update.packages;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * A tree as an archive that is the same whenever and by whomever it is made: entries sorted,
 * everything belongs to root, one time for all, and only two kinds of modes.
 */
final class PackedTree {
  private static final int EXECUTABLE = 0755;
  private static final int ORDINARY = 0644;
  private static final int LINK = 0777;

  /** One percent larger than 15, in a tenth of the time. */
  private static final int LEVEL = 9;

  private PackedTree() {}

  /** Packs what is below a folder, without the folder itself. */
  static void write(Path tree, Instant time, Path archive) throws IOException {
    List<Path> entries;
    try (Stream<Path> all = Files.walk(tree)) {
      entries =
          all.filter(path -> !path.equals(tree))
              .sorted(Comparator.comparing(path -> tree.relativize(path).toString()))
              .toList();
    }
    try (var file = new BufferedOutputStream(Files.newOutputStream(archive));
        var tar = new TarArchiveOutputStream(file, "UTF-8")) {
      // The only kind that dpkg reads.
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
      for (Path path : entries) {
        TarArchiveEntry entry = entry(path, tree.relativize(path).toString());
        entry.setIds(0, 0);
        entry.setNames("root", "root");
        entry.setLastModifiedTime(FileTime.from(time));
        tar.putArchiveEntry(entry);
        if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
          Files.copy(path, tar);
        }
        tar.closeArchiveEntry();
      }
    }
  }

  private static TarArchiveEntry entry(Path path, String name) throws IOException {
    if (Files.isSymbolicLink(path)) {
      var link = new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
      link.setLinkName(Files.readSymbolicLink(path).toString());
      link.setMode(LINK);
      return link;
    }
    if (Files.isDirectory(path)) {
      var directory = new TarArchiveEntry(name + "/");
      directory.setMode(EXECUTABLE);
      return directory;
    }
    var file = new TarArchiveEntry(name);
    file.setSize(Files.size(path));
    file.setMode(Files.isExecutable(path) ? EXECUTABLE : ORDINARY);
    return file;
  }

  /** Compresses an archive. */
  static void compress(Path archive, Path packed) throws IOException {
    try (var out = new ZstdOutputStream(Files.newOutputStream(packed), LEVEL)) {
      out.setChecksum(true);
      Files.copy(archive, out);
    }
  }
}
