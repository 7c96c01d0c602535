package org.particleos.update.update;

import java.util.HashSet;
import java.util.Set;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.HttpFetcher;
import org.particleos.update.install.FilePublisher;
import org.particleos.update.install.SlotPublisher;
import org.particleos.update.spool.Remark;
import org.particleos.update.spool.Spool;

/**
 * What the parts of one run share. Used by one thread, but for the cancellation and for events,
 * which also come from threads that transfer: they are told one at a time.
 */
final class Run {
  private final Machine machine;
  private final Settings settings;
  private final Bookkeeping books;
  private final Cancellation cancellation;
  private final HttpFetcher http;
  private final FilePublisher files;
  private final SlotPublisher slots;
  private final Spool spool;
  private final Set<String> told = new HashSet<>();
  private BootMounts bootMounts;
  private int repairsReported;

  Run(
      Machine machine,
      Settings settings,
      HttpFetcher http,
      Bookkeeping books,
      Cancellation cancellation) {
    this.machine = machine;
    this.settings = settings;
    this.books = books;
    this.cancellation = cancellation;
    this.http = http.telling(this::notice);
    this.files = new FilePublisher(machine.kernel());
    this.slots = new SlotPublisher(machine.kernel());
    this.bootMounts = new BootMounts(machine.kernel());
    this.spool =
        new Spool(
            machine.kernel(),
            machine.spool(),
            machine.root() + "\n" + settings.place(),
            settings.sync(),
            machine.clock());
  }

  Machine machine() {
    return machine;
  }

  Settings settings() {
    return settings;
  }

  Cancellation cancellation() {
    return cancellation;
  }

  HttpFetcher http() {
    return http;
  }

  FilePublisher files() {
    return files;
  }

  SlotPublisher slots() {
    return slots;
  }

  Spool spool() {
    return spool;
  }

  /** From here on the run counts on these being mounted. */
  void countOn(BootMounts mounts) {
    bootMounts = mounts;
  }

  /** Makes sure that the boot partitions are still mounted, before one is written. */
  void requireBootPartitions() throws UpdateException {
    bootMounts.requireUnchanged();
  }

  /** Notes what the run does. */
  Bookkeeping books() {
    return books;
  }

  /** What the spool has to say since the last call. */
  void tellRemarks() {
    for (Remark remark : spool.takeRemarks()) {
      if (remark.failure()) {
        warn(remark.text());
      } else {
        notice(remark.text());
      }
    }
  }

  synchronized void tell(UpdateEvent event) {
    books.on(event);
  }

  void warn(String text) {
    tell(new UpdateEvent.Warning(text));
  }

  /** The same, unless it was said before: what several parts of a run find out by themselves. */
  void warnOnce(String text) {
    if (told.add(text)) {
      warn(text);
    }
  }

  void detail(String text) {
    tell(new UpdateEvent.Detail(text));
  }

  void notice(String text) {
    tell(new UpdateEvent.Notice(text));
  }

  /** What the partition tables needed to be repaired of since the last call. */
  void warnOfRepairs() {
    var repairs = slots.repairs();
    repairs.subList(repairsReported, repairs.size()).forEach(this::warn);
    repairsReported = repairs.size();
  }

  /** Waits for everything that was written, unless that was switched off ({@code --sync=no}). */
  void syncEverything() {
    if (settings.sync()) {
      machine.kernel().syncAll();
    }
  }
}
