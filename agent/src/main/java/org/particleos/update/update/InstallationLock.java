package org.particleos.update.update;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HexFormat;
import java.util.TreeSet;
import org.particleos.update.catalog.Place;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.IoFailure;
import org.particleos.update.linux.Kernel;

/**
 * Keeps two processes from changing the same targets (Deviation: H-09, the reference has no such
 * lock). There is one lock file for each target, so that two sets of definitions that share a disk
 * exclude each other too. The kernel drops the locks of a process that dies.
 *
 * <p>The disk itself is locked only while its table is changed: a lock held on a device for long
 * keeps the device manager away from it.
 */
final class InstallationLock implements AutoCloseable {
  private final Deque<LockFile> held = new ArrayDeque<>();

  private InstallationLock() {}

  /**
   * Takes the locks of all targets or none.
   *
   * @param holder what a process that comes later is told about this one
   */
  static InstallationLock take(Machine machine, Collection<Place> targets, String holder)
      throws UpdateException {
    var lock = new InstallationLock();
    Path directory = machine.lockDirectory();
    try {
      // Sorted, so that two processes never wait for each other in a circle.
      var names = new TreeSet<String>();
      targets.forEach(place -> names.add(describe(place)));
      for (String name : names) {
        lock.takeOne(machine.kernel(), directory, name, holder);
      }
      return lock;
    } catch (IOException e) {
      lock.closeAfter(e);
      throw IoFailure.writing(
              "taking the lock in " + Quote.quote(directory.toString()) + " failed", e)
          .inState("nothing was changed");
    } catch (UpdateException e) {
      lock.closeAfter(e);
      throw e;
    }
  }

  private void closeAfter(Exception first) {
    try {
      close();
    } catch (UpdateException e) {
      first.addSuppressed(e);
    }
  }

  private void takeOne(Kernel kernel, Path directory, String target, String holder)
      throws IOException, UpdateException {
    switch (LockFile.take(kernel, directory.resolve(digest(target) + ".lock"), holder)) {
      case LockFile.Attempt.Taken(var lock) -> held.push(lock);
      case LockFile.Attempt.Held(var other) ->
          throw UpdateException.because(
                  Reason.LOCK_HELD, "refused: another process is changing " + Quote.quote(target))
              .found(other.isEmpty() ? "held by an unknown process" : "held by " + other)
              .state("this process changed nothing")
              .remedy("wait until it has finished, then run the command again")
              .busy();
    }
  }

  private static String describe(Place place) {
    Path path =
        switch (place) {
          case Place.Disk(var device) -> device;
          case Place.Directory(var directory) -> directory;
        };
    try {
      return path.toRealPath().toString();
    } catch (IOException _) {
      return path.toAbsolutePath().normalize().toString(); // it need not exist yet
    }
  }

  private static String digest(String target) {
    try {
      byte[] sum =
          MessageDigest.getInstance("SHA-256").digest(target.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(sum, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /** Lets go of everything. */
  @Override
  public void close() throws UpdateException {
    IOException first = null;
    while (!held.isEmpty()) {
      try {
        held.pop().close();
      } catch (IOException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw IoFailure.writing("releasing the lock failed", first);
    }
  }
}
