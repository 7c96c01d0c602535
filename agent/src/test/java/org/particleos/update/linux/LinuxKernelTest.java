package org.particleos.update.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.particleos.update.failure.Errno;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.OpenFlag;
import org.particleos.update.linux.LinuxKernel.OpenFlagBits;

class LinuxKernelTest extends KernelContract {
  private final LinuxKernel kernel = new LinuxKernel();

  @Override
  Kernel kernel() {
    return kernel;
  }

  @Test
  void openFlagsDifferBetweenTheArchitectures() {
    assertEquals(new OpenFlagBits(040000, 0200000, 0400000), OpenFlagBits.ofMachine("amd64"));
    assertEquals(new OpenFlagBits(0200000, 040000, 0100000), OpenFlagBits.ofMachine("aarch64"));
    assertThrows(IllegalStateException.class, () -> OpenFlagBits.ofMachine("m68k"));
  }

  @Test
  void descriptorsAreNotInheritedByChildren() throws IOException {
    Path file = folder.resolve("kept");
    Files.writeString(file, "abc");
    try (var open = kernel.open(file, Set.of(OpenFlag.READ))) {
      int found = 0;
      for (String descriptor : kernel.list(Path.of("/proc/self/fd"))) {
        Path link = Path.of("/proc/self/fd", descriptor);
        if (kernel.status(link).isEmpty() || !kernel.readLink(link).equals(file.toString())) {
          continue;
        }
        found++;
        String info = Files.readString(Path.of("/proc/self/fdinfo", descriptor));
        var flags = Pattern.compile("flags:\\s+([0-7]+)").matcher(info);
        assertTrue(flags.find(), info);
        assertEquals(02000000, Integer.parseInt(flags.group(1), 8) & 02000000, info);
      }
      assertEquals(1, found, "descriptors of " + open.path());
    }
  }

  @Test
  void aDeviceNodeTellsItsNumber() throws IOException {
    var status = kernel.status(Path.of("/dev/null")).orElseThrow();

    assertEquals(FileKind.CHARACTER_DEVICE, status.kind());
    assertEquals(new DeviceNumber(1, 3), DeviceNumber.of(status.specialDevice()));
  }

  @Test
  void aFullDeviceGivesItsErrorNumber() throws IOException {
    assumeTrue(Files.isWritable(Path.of("/dev/full")), "/dev/full is missing");
    try (var full = kernel.open(Path.of("/dev/full"), Set.of(OpenFlag.WRITE))) {

      var failed =
          assertThrows(LinuxException.class, () -> full.write(ByteBuffer.allocateDirect(1), 0));

      assertTrue(failed.is(Errno.ENOSPC), failed.toString());
    }
  }

  @Test
  void aBlockDeviceIsWrittenAroundThePageCacheAndReadThroughIt() throws Exception {
    for (int sectorBytes : new int[] {512, 4096}) {
      try (var loop = LoopDevice.attach(folder.resolve("image"), 4 << 20, sectorBytes);
          var arena = Arena.ofConfined();
          var device = kernel.open(loop.node(), Set.of(OpenFlag.READ, OpenFlag.WRITE))) {
        var aligned = arena.allocate(1 << 20, 4096).fill((byte) 7).asByteBuffer();
        var page = ByteBuffer.allocateDirect(4096);
        device.read(page, 1 << 20);
        device.write(page.clear().put(100, (byte) 9), 3 << 20);

        assertTrue(device.writeDirect(aligned, 1 << 20));

        device.read(page.clear(), 1 << 20);
        assertEquals(7, page.get(100));
        device.read(page.clear(), (2 << 20) - 4096);
        assertEquals(7, page.get(4095));
        device.read(page.clear(), 3 << 20);
        assertEquals(9, page.get(100));
        device.sync();
      }
    }
  }

  @Test
  void aBlockDeviceTellsItsSizeAndSectors() throws Exception {
    try (var loop = LoopDevice.attach(folder.resolve("image"), 4 << 20, 4096);
        var device = kernel.open(loop.node(), Set.of(OpenFlag.READ, OpenFlag.WRITE))) {

      assertTrue(device.blockDevice());
      assertEquals(4 << 20, device.sizeBytes());
      assertEquals(4096, device.sectorBytes());
      assertEquals(FileKind.BLOCK_DEVICE, kernel.status(loop.node()).orElseThrow().kind());
      device.write(ByteBuffer.allocateDirect(8192), 4096);
      device.flushRange(0, 8192);
      device.zeroRange(4096, 4096);
      device.sync();
    }
  }

  @Test
  void directAccessToADeviceReadsWhatWasWrittenAligned() throws Exception {
    try (var loop = LoopDevice.attach(folder.resolve("image"), 4 << 20, 512);
        var device =
            kernel.open(loop.node(), Set.of(OpenFlag.READ, OpenFlag.WRITE, OpenFlag.DIRECT))) {
      var source = ByteBuffer.allocateDirect(3 * 4096).alignedSlice(4096).limit(4096);
      source.put(100, (byte) 42);
      device.write(source, 8192);
      var target = ByteBuffer.allocateDirect(3 * 4096).alignedSlice(4096).limit(4096);

      int count = device.read(target, 8192);

      assertEquals(4096, count);
      assertEquals(42, target.get(100));
      var unaligned = ByteBuffer.allocateDirect(3 * 4096).alignedSlice(4096).limit(100);
      assertThrows(LinuxException.class, () -> device.write(unaligned, 0));
    }
  }

  @Test
  void namesThatAreNotUtf8AreListedAndReached() throws Exception {
    byte[] odd = {'a', (byte) 0xff, (byte) 0xc3, '(', (byte) 0xe2, (byte) 0x82};
    Path made = Path.of(URI.create(folder.toUri() + "a%FF%C3(%E2%82"));
    Files.writeString(made, "abc");

    String name = kernel.list(folder).getFirst();
    Path path = folder.resolve(name);

    assertArrayEquals(odd, FileName.bytes(name));
    assertEquals(3, kernel.status(path).orElseThrow().sizeBytes());
    kernel.makeSymbolicLink(name, folder.resolve("link"));
    assertEquals(name, kernel.readLink(folder.resolve("link")));
    kernel.remove(path);
    assertFalse(Files.exists(made));
  }

  @Test
  void timesBeyondWhatFitsAreTheNearestThatDoes() {
    assertEquals(1_000_000_001L, LinuxKernel.nanos(1, 1));
    assertEquals(-999_999_999L, LinuxKernel.nanos(-1, 1));
    assertEquals(Long.MAX_VALUE, LinuxKernel.nanos(Long.MAX_VALUE, 0));
    assertEquals(Long.MIN_VALUE, LinuxKernel.nanos(Long.MIN_VALUE, 0));
  }

  @Test
  void aDeviceNodeAndAnOwnerAreMadeByRoot() throws Exception {
    Path node = folder.resolve("zero");
    try {
      kernel.makeSpecialFile(
          node, FileKind.CHARACTER_DEVICE, 0600, new DeviceNumber(1, 5).encoded());
    } catch (LinuxException forbidden) {
      assumeFalse(forbidden.is(Errno.EPERM), "root is needed");
      throw forbidden;
    }

    kernel.changeOwner(node, 1234, 70_000);

    var status = kernel.status(node).orElseThrow();
    assertEquals(FileKind.CHARACTER_DEVICE, status.kind());
    assertEquals(new DeviceNumber(1, 5), DeviceNumber.of(status.specialDevice()));
    assertEquals(1234, status.user());
    assertEquals(70_000, status.group());
  }
}
