package org.particleos.update.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import org.particleos.update.linux.OpenFile;

/** A file system that an image may hold, recognised by its superblock. */
enum FileSystem {
  BTRFS(false, "rescue=nologreplay"),
  EROFS(true, ""),
  EXT4(false, "norecovery"),
  F2FS(false, "norecovery"),
  SQUASHFS(true, ""),
  VFAT(false, ""),
  XFS(false, "norecovery");

  private final boolean alwaysReadOnly;
  private final String untouched;

  FileSystem(boolean alwaysReadOnly, String untouched) {
    this.alwaysReadOnly = alwaysReadOnly;
    this.untouched = untouched;
  }

  /** As the kernel and image policies call it. */
  String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Optional<FileSystem> parse(String text) {
    for (FileSystem fileSystem : values()) {
      if (fileSystem.text().equals(text)) {
        return Optional.of(fileSystem);
      }
    }
    return Optional.empty();
  }

  boolean alwaysReadOnly() {
    return alwaysReadOnly;
  }

  /**
   * Options of a mount.
   *
   * @param untouched nothing may be written, not even by replaying a journal
   */
  String options(boolean untouched) {
    // FAT knows no owners: what is on a boot partition is root's.
    String always = this == VFAT ? "umask=0077" : "";
    return untouched ? this.untouched + always : always;
  }

  /** What stands at the beginning of a partition or image. */
  sealed interface Content {
    record Mountable(FileSystem fileSystem) implements Content {}

    /** Something we know, but cannot mount. */
    record Foreign(String what) implements Content {}

    record Unknown() implements Content {}
  }

  /** The superblock of btrfs is the furthest. */
  private static final int HEAD_BYTES = 65536 + 4096;

  private static final int EXT_MAGIC = 0xef53;
  private static final int EROFS_MAGIC = 0xe0f5e1e2;
  private static final int F2FS_MAGIC = 0xf2f52010;
  private static final int BOOT_SIGNATURE = 0xaa55;

  /** Looks at the superblocks of a range of the disk. */
  static Content at(OpenFile disk, long startBytes, long sizeBytes) throws IOException {
    // What is not there reads as zeroes.
    var head = ByteBuffer.allocateDirect(HEAD_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    head.limit((int) Math.min(HEAD_BYTES, sizeBytes));
    disk.read(head, startBytes);
    head.clear();
    if (text(head, 0, "LUKS\u00ba\u00be")) {
      return new Content.Foreign("it is encrypted (LUKS)");
    }
    if (text(head, 0, "verity\0\0")) {
      return new Content.Foreign("it is a dm-verity hash tree");
    }
    if (text(head, 4086, "SWAPSPACE2")) {
      return new Content.Foreign("it is swap space");
    }
    if (text(head, 0, "XFSB")) {
      return new Content.Mountable(XFS);
    }
    if (text(head, 0, "hsqs")) {
      return new Content.Mountable(SQUASHFS);
    }
    if (text(head, 65536 + 64, "_BHRfS_M")) {
      return new Content.Mountable(BTRFS);
    }
    if (head.getInt(1024) == EROFS_MAGIC) {
      return new Content.Mountable(EROFS);
    }
    if (head.getInt(1024) == F2FS_MAGIC) {
      return new Content.Mountable(F2FS);
    }
    if (Short.toUnsignedInt(head.getShort(1024 + 56)) == EXT_MAGIC) {
      return new Content.Mountable(EXT4);
    }
    if (Short.toUnsignedInt(head.getShort(510)) == BOOT_SIGNATURE
        && (text(head, 54, "FAT12 ") || text(head, 54, "FAT16 ") || text(head, 82, "FAT32 "))) {
      return new Content.Mountable(VFAT);
    }
    return new Content.Unknown();
  }

  private static boolean text(ByteBuffer head, int at, String expected) {
    byte[] found = new byte[expected.length()];
    head.get(at, found);
    return new String(found, StandardCharsets.ISO_8859_1).equals(expected);
  }
}
