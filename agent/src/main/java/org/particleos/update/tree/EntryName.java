package org.particleos.update.tree;

import java.util.ArrayList;
import java.util.List;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.FileName;

/** The name of an archive's entry, taken apart and found to stay inside the tree. */
final class EntryName {
  /** NAME_MAX and PATH_MAX (less its NUL) of Linux. */
  static final int COMPONENT_BYTES_MAX = 255;

  static final int NAME_BYTES_MAX = 4095;

  private EntryName() {}

  /** The names from the top of the tree down; none for the top itself, which is {@code ./}. */
  static List<String> components(String entryName, String name, int depthMax)
      throws UpdateException {
    // A hard link's target is checked like its name.
    String which = entryName.equals(name) ? "" : "links to a name that ";
    if (name.isEmpty()) {
      throw TarFailure.unsafe(entryName, which + "has an empty name");
    }
    if (name.startsWith("/")) {
      throw TarFailure.unsafe(entryName, which + "has an absolute name");
    }
    if (bytes(name) > NAME_BYTES_MAX) {
      throw TarFailure.unsafe(
          entryName, which + "has a name of more than " + NAME_BYTES_MAX + " bytes");
    }
    var components = new ArrayList<String>();
    for (String part : name.split("/", -1)) {
      switch (part) {
        case "", "." -> {}
        case ".." -> throw TarFailure.unsafe(entryName, which + "leads upwards with \"..\"");
        default -> {
          if (bytes(part) > COMPONENT_BYTES_MAX) {
            throw TarFailure.unsafe(
                entryName,
                which + "has a part of more than " + COMPONENT_BYTES_MAX + " bytes in its name");
          }
          components.add(part);
        }
      }
    }
    if (components.size() > depthMax) {
      throw TarFailure.unsafe(entryName, which + "is more than " + depthMax + " levels deep");
    }
    return components;
  }

  private static int bytes(String text) {
    return FileName.bytes(text).length;
  }
}
