package org.particleos.update.tree;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileStatus;

/**
 * What a file in a tree has besides its name and its content.
 *
 * @param user numeric owner; names differ from system to system
 * @param group numeric group
 * @param mode permission bits with set-id and sticky bits
 * @param mtimeNanos since 1970
 * @param attributes extended attributes by full name, ACLs and capabilities among them
 */
record FileFacts(int user, int group, int mode, long mtimeNanos, Map<String, byte[]> attributes) {
  static final String ACL_PREFIX = "system.posix_acl_";
  static final String DEFAULT_ACL = ACL_PREFIX + "default";
  static final String ACCESS_ACL = ACL_PREFIX + "access";

  FileFacts {
    attributes = Map.copyOf(attributes);
  }

  /** What the file system says about a file whose status was just asked for. */
  static FileFacts of(Kernel kernel, Path path, FileStatus status) throws IOException {
    var attributes = new LinkedHashMap<String, byte[]>();
    for (String name : kernel.attributeNames(path)) {
      // One that is gone meanwhile is gone.
      kernel.attribute(path, name).ifPresent(value -> attributes.put(name, value));
    }
    return new FileFacts(
        status.user(), status.group(), status.mode(), status.mtimeNanos(), attributes);
  }
}
