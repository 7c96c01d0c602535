package org.particleos.update.disk;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.particleos.update.linux.DeviceNumber;

/** A made-up {@code /sys} with disks, partitions and device mapper volumes. */
public final class FakeSysfs {
  private final Path sysfs;

  public FakeSysfs(Path sysfs) throws IOException {
    this.sysfs = sysfs;
    Files.createDirectories(sysfs.resolve("dev/block"));
  }

  public FakeSysfs disk(String name, DeviceNumber number) throws IOException {
    device(sysfs.resolve("devices/virtual/block").resolve(name), name, number);
    return this;
  }

  public FakeSysfs partition(String disk, String name, int partition, DeviceNumber number)
      throws IOException {
    Path folder = sysfs.resolve("devices/virtual/block").resolve(disk).resolve(name);
    device(folder, name, number);
    Files.writeString(folder.resolve("partition"), partition + "\n");
    return this;
  }

  /** The slaves are given as numbers of devices that exist already. */
  public FakeSysfs mapped(String name, DeviceNumber number, DeviceNumber... slaves)
      throws IOException {
    Path folder = sysfs.resolve("devices/virtual/block").resolve(name);
    device(folder, name, number);
    Files.createDirectories(folder.resolve("dm"));
    Files.createDirectories(folder.resolve("slaves"));
    for (var slave : slaves) {
      Path target = sysfs.resolve("dev/block").resolve(slave.toString()).toRealPath();
      Files.createSymbolicLink(folder.resolve("slaves").resolve(target.getFileName()), target);
      Path holders = Files.createDirectories(target.resolve("holders"));
      Files.createSymbolicLink(holders.resolve(name), folder);
    }
    return this;
  }

  public FakeSysfs btrfs(String uuid, DeviceNumber... members) throws IOException {
    Path folder = Files.createDirectories(sysfs.resolve("fs/btrfs").resolve(uuid + "/devices"));
    for (var member : members) {
      Path target = sysfs.resolve("dev/block").resolve(member.toString()).toRealPath();
      Files.createSymbolicLink(folder.resolve(target.getFileName()), target);
    }
    return this;
  }

  private void device(Path folder, String name, DeviceNumber number) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("dev"), number + "\n");
    Files.writeString(
        folder.resolve("uevent"),
        "MAJOR=" + number.major() + "\nDEVNAME=" + name + "\nDEVTYPE=disk\n");
    Files.createSymbolicLink(sysfs.resolve("dev/block").resolve(number.toString()), folder);
  }
}
