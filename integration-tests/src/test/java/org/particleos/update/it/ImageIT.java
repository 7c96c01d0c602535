package org.particleos.update.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.particleos.update.demo.DemoMachine;
import org.particleos.update.demo.Tool;

/** An operating system in a disk image ({@code --image=}): mounted for the run and given back. */
class ImageIT {
  private static final long ROOT_OFFSET = 1 << 20;

  private Path folder;
  private Path image;
  private Offer offer;

  @BeforeEach
  void anImage(@TempDir Path temporary) throws Exception {
    Root.needed("mount a disk image");
    folder = temporary;
    offer = new Offer(folder.resolve("offer"));
    offer.put("a-1.bin", "one").put("s-1.bin", "slot one").publish();
    Path tree = folder.resolve("tree");
    var content = SmallSystem.in(tree);
    content.write("usr/lib/os-release", "ID=small\n");
    content.write(
        "usr/lib/sysupdate.d/10-a.transfer",
        SmallSystem.urlFile(offer.uri(), "a-@v.bin").replace("/target", "/var/lib/things"));
    content.write(
        "usr/lib/sysupdate.d/20-s.transfer",
        SmallSystem.urlFile(offer.uri(), "s-@v.bin", "Type=partition", "MatchPattern=s_@v")
            .replace("/target", "auto"));
    for (String directory : new String[] {"var/lib", "run", "proc", "sys", "dev", "tmp"}) {
      Files.createDirectories(content.path(directory));
    }
    image = folder.resolve("system.img");
    try (var file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(24 << 20);
    }
    String root =
        DemoMachine.architecture().equals("arm64")
            ? "B921B045-1DF0-41C3-AF44-4C6F280D3FAE"
            : ReferenceMachine.ROOT_TYPE;
    String slot = "size=1MiB, name=_empty, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4\n";
    Tool.Result made =
        Tool.call(
            folder,
            Map.of(),
            "label: gpt\nstart=1MiB, size=16MiB, name=root, type=" + root + "\n" + slot + slot,
            "sfdisk",
            "-q",
            image.toString());
    assertEquals(0, made.status(), made.output());
    Tool.run(
        folder,
        "mkfs.ext4",
        "-q",
        "-F",
        "-d",
        content.root().toString(),
        "-E",
        "offset=" + ROOT_OFFSET,
        image.toString(),
        "16384k");
  }

  private Run run(String... words) throws Exception {
    String[] all = java.util.Arrays.copyOf(words, words.length + 1);
    all[words.length] = "--image=" + image;
    Run run = Program.reference().run(all);
    assertEquals(
        "", Tool.run(folder, "losetup", "-j", image.toString()), "the device is given back");
    return run;
  }

  private String fromImage(String path) throws Exception {
    return Tool.call(
            folder, Map.of(), "", "debugfs", "-R", "cat " + path, image + "?offset=" + ROOT_OFFSET)
        .output();
  }

  @Test
  void filesAndSlotsOfTheImageAreUpdated() throws Exception {
    run("update").expect(0);

    assertTrue(fromImage("/var/lib/things/a-1.bin").endsWith("one"));
    String table = Tool.run(folder, "sfdisk", "-d", image.toString());
    assertTrue(table.contains("name=\"s_1\""), table);
    run("check-new").expect(1);
    run("list", "1").expect(0).says("current");
  }

  @Test
  void lookingDoesNotChangeTheImage() throws Exception {
    String before = Offer.digest(image);

    assertEquals("1\n", run("check-new").expect(0).out());
    run("list").expect(0);
    run("features").expect(0);

    assertEquals(before, Offer.digest(image));
  }

  @Test
  void aPolicyMayForbidWhatTheImageHas() throws Exception {
    run("list", "--image-policy=root=unprotected").expect(0);
    run("list", "--image-policy=root=absent").expect(1);
  }

  @Test
  void whatIsNoImageIsRefused() throws Exception {
    Files.writeString(image, "nothing of the kind");

    assertFalse(run("list").expect(1).err().isEmpty());
    Files.delete(image);
    Program.reference().run("list", "--image=" + image).expect(1);
  }
}
