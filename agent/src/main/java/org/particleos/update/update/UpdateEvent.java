package org.particleos.update.update;

import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.catalog.Instance;
import org.particleos.update.plan.Removal;
import org.particleos.update.plan.VersionSet;
import org.particleos.update.verity.RootHash;

/** What happens during a run, in order, for whoever watches. */
public sealed interface UpdateEvent {
  /** Something the administrator should read, though the run goes on. */
  record Warning(String text) implements UpdateEvent {}

  /** Something worth knowing. */
  record Notice(String text) implements UpdateEvent {}

  /** Something that only those want to know who wonder. */
  record Detail(String text) implements UpdateEvent {}

  record MakingRoom(VersionSet set) implements UpdateEvent {}

  /** Every part of the version waits for its installation already. */
  record AlreadyAcquired(VersionSet set) implements UpdateEvent {}

  record Removing(Removal removal) implements UpdateEvent {}

  record SweptLeftovers(String directory, int count) implements UpdateEvent {}

  /**
   * Room was made; now the members are acquired.
   *
   * @param transfers how many members of the set there are
   * @param totalBytes to be transferred for all of them, if every source says so
   */
  record AcquireStarted(VersionSet set, int transfers, OptionalLong totalBytes)
      implements UpdateEvent {}

  /** The target has it already. */
  record TransferKept(int index, String transferId, Instance held) implements UpdateEvent {}

  /**
   * One member is being fetched.
   *
   * @param target partition or path that is written
   * @param totalBytes to be transferred, if the source says so
   */
  record TransferStarted(
      int index, String transferId, Instance source, String target, OptionalLong totalBytes)
      implements UpdateEvent {}

  /**
   * How far it is.
   *
   * @param bytesTransferred over the network, as stored there
   * @param bytesReused as stored there too, but left by an earlier run
   * @param totalBytes of both together in the end, if the source says
   */
  record TransferProgress(
      int index,
      String transferId,
      long bytesTransferred,
      long bytesReused,
      OptionalLong totalBytes,
      long bytesWritten)
      implements UpdateEvent {}

  record TransferFinished(
      int index, String transferId, long bytesTransferred, long bytesReused, long bytesWritten)
      implements UpdateEvent {}

  /** A file or tree that no definition owns any more is gone. */
  record RemovedOrphan(String path) implements UpdateEvent {}

  /**
   * The signature of a root hash was looked at before anything of the version became visible.
   *
   * @param certificate whose it is: the subject, else what the signature says about it
   * @param fingerprint SHA-256 of the certificate, as hex digits, where it is named
   * @param compared whether the certificate is there and the signature is good by it
   */
  record RootHashSigned(
      String transferId,
      RootHash root,
      String certificate,
      Optional<String> fingerprint,
      boolean compared)
      implements UpdateEvent {}

  record InstallStarted(VersionSet set) implements UpdateEvent {}

  record MemberInstalled(String transferId, String path) implements UpdateEvent {}

  record Installed(VersionSet set) implements UpdateEvent {}

  /**
   * Data is compared with its hash tree from now on.
   *
   * @param totalBytes to be read of both
   */
  record VerificationStarted(String transferId, String location, long totalBytes)
      implements UpdateEvent {}

  record VerificationProgress(String transferId, long bytesRead, long totalBytes)
      implements UpdateEvent {}

  record VerificationFinished(String transferId, long bytesRead) implements UpdateEvent {}

  /** Receives events on the thread that runs the update. */
  interface Observer {
    void on(UpdateEvent event);
  }
}
