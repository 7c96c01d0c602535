package org.particleos.update.catalog;

import java.nio.file.Path;

/** Names of partition device nodes, and the label of a free slot. */
public final class SlotName {
  /** The label that marks a free slot (transfer-files.md 15). */
  public static final String EMPTY_LABEL = "_empty";

  private SlotName() {}

  /**
   * The device node of a partition as the kernel derives it from the disk's name. For an image file
   * no such node need exist; the name then only tells people which entry is meant.
   */
  public static String device(Path disk, int number) {
    String name = disk.toString();
    boolean endsInDigit = Character.isDigit(name.charAt(name.length() - 1));
    return name + (endsInDigit ? "p" : "") + number;
  }
}
