package org.particleos.update.tree;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.particleos.update.acquire.Bytes;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;

/** Trees of files as text, to compare them. */
final class Trees {
  private Trees() {}

  /** One line per file with everything about it; the top is the line of {@code "."}. */
  static List<String> listing(Kernel kernel, Path top) throws IOException {
    var lines = new ArrayList<String>();
    list(kernel, top, top, new HashMap<>(), lines);
    return lines;
  }

  private static void list(
      Kernel kernel, Path top, Path path, Map<Long, String> inodes, List<String> lines)
      throws IOException {
    var status = kernel.status(path).orElseThrow();
    String name = path.equals(top) ? "." : top.relativize(path).toString();
    var line = new StringBuilder(name).append(' ').append(status.kind());
    if (status.kind() != FileKind.SYMBOLIC_LINK) {
      line.append(String.format(" %04o", status.mode()));
    }
    line.append(" " + status.user() + ":" + status.group() + " @" + status.mtimeNanos());
    for (String attribute : kernel.attributeNames(path)) {
      line.append(" " + attribute + "=");
      line.append(HexFormat.of().formatHex(kernel.attribute(path, attribute).orElseThrow()));
    }
    switch (status.kind()) {
      case REGULAR ->
          line.append(
              " " + status.sizeBytes() + " " + Bytes.sha256(Files.readAllBytes(path)).hex());
      case SYMBOLIC_LINK -> line.append(" -> " + kernel.readLink(path));
      case BLOCK_DEVICE, CHARACTER_DEVICE -> line.append(" " + status.specialDevice());
      case DIRECTORY, FIFO, SOCKET -> {}
    }
    if (status.kind() != FileKind.DIRECTORY && status.links() > 1) {
      var first = inodes.putIfAbsent(status.inode(), name);
      line.append(" same as " + (first == null ? name : first));
    }
    lines.add(line.toString());
    if (status.kind() == FileKind.DIRECTORY) {
      for (String child : kernel.list(path)) {
        list(kernel, top, path.resolve(child), inodes, lines);
      }
    }
  }

  static void delete(Path top) throws IOException {
    Files.walkFileTree(
        top,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, IOException failure)
              throws IOException {
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
