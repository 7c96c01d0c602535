package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.particleos.update.linux.Kernel.FileKind;

class FakeKernelTest extends ModernFileSystemContract {
  private final FakeKernel kernel = new FakeKernel().btrfs();

  @Override
  Kernel kernel() {
    return kernel;
  }

  @Override
  Path base() {
    return folder;
  }

  @Test
  void anyUserMayMakeDeviceNodesAndChangeOwners() throws IOException {
    Path node = folder.resolve("zero");
    kernel.makeSpecialFile(node, FileKind.CHARACTER_DEVICE, 0600, new DeviceNumber(1, 5).encoded());
    kernel.changeOwner(node, 1234, 70_000);

    kernel.rename(node, folder.resolve("renamed"));

    var status = kernel.status(folder.resolve("renamed")).orElseThrow();
    assertEquals(FileKind.CHARACTER_DEVICE, status.kind());
    assertEquals(new DeviceNumber(1, 5), DeviceNumber.of(status.specialDevice()));
    assertEquals(1234, status.user());
    assertEquals(70_000, status.group());
  }
}
