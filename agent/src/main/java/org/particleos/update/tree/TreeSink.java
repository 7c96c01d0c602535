package org.particleos.update.tree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.particleos.update.acquire.Sink;
import org.particleos.update.acquire.WriteFailure;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.Kernel;

/**
 * Unpacks a tar archive while it arrives, below a partial path and nowhere else
 * (update-algorithm.md 11.4, 12.2). Numeric owner, mode with set-id bits, modification time,
 * extended attributes with ACLs and capabilities, hard and symbolic links, holes, pipes and device
 * nodes are kept.
 *
 * <p>Refused are entries that would leave the tree or go through a symbolic link of it, that would
 * put a file in the place of a directory or the reverse, hard links to what is not there or is a
 * directory, names that Linux does not have, unknown types, and more of anything than {@link
 * TreeLimits} allow. Such a refusal waits for {@link #finish}, since the publisher is to blame only
 * for bytes that it signed: the rest is read for the digest, and nothing of it is written. A
 * failure of the file system ends the transfer at once.
 *
 * <p>Until {@link #finish} has returned the tree is worth nothing, and only its owner may look in.
 */
public final class TreeSink implements Sink {
  private final Kernel kernel;
  private final TreeWriter writer;
  private final TarUnpacking unpacking;
  private final TarStream archive;
  private Optional<UpdateException> refusal = Optional.empty();

  /**
   * Makes the top of the tree.
   *
   * @param partial must not exist; its directory must
   */
  public TreeSink(Kernel kernel, Path partial, TreeKind kind, TreeLimits limits)
      throws UpdateException {
    this(kernel, partial, kind, limits, Accounts.ofSystem());
  }

  TreeSink(Kernel kernel, Path partial, TreeKind kind, TreeLimits limits, Accounts accounts)
      throws UpdateException {
    this.kernel = kernel;
    this.writer = TreeWriter.make(kernel, partial, kind);
    this.unpacking = new TarUnpacking(kernel, writer, limits);
    this.archive = new TarStream(unpacking, limits.entriesMax(), accounts);
  }

  @Override
  public void write(ByteBuffer direct) throws UpdateException {
    if (refusal.isEmpty()) {
      try {
        archive.accept(direct);
      } catch (UpdateException.NotTrusted e) {
        refusal = Optional.of(e);
      }
    }
    direct.position(direct.limit());
  }

  @Override
  public void finish(boolean sync) throws UpdateException {
    if (refusal.isPresent()) {
      throw refusal.get();
    }
    archive.finish();
    unpacking.finish();
    new TreeFlattening(kernel, writer).run();
    if (sync) {
      try {
        kernel.syncFileSystem(writer.top());
      } catch (IOException e) {
        throw WriteFailure.of(writer.top(), e);
      }
    }
  }

  /** What could not be kept, one sentence each; complete once the sink has finished. */
  public List<String> warnings() {
    var warnings = new ArrayList<>(writer.warnings());
    if (archive.accessListsLeftOut()) {
      warnings.add(
          "access control lists were left out that name users or groups unknown to this system");
    }
    if (archive.trailingData()) {
      warnings.add("what follows the end of the archive was ignored");
    }
    return List.copyOf(warnings);
  }

  @Override
  public void close() throws UpdateException {
    unpacking.close();
  }
}
