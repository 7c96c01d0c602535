package org.particleos.update.tree;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.acquire.Bytes;
import org.particleos.update.acquire.FakeSource;
import org.particleos.update.acquire.Progress;
import org.particleos.update.acquire.Sink;
import org.particleos.update.codec.Compression;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.fetch.Cancellation;
import org.particleos.update.fetch.Payload;
import org.particleos.update.linux.FailingKernel;
import org.particleos.update.linux.FakeKernel;
import org.particleos.update.linux.FileName;
import org.particleos.update.linux.Kernel;
import org.particleos.update.linux.Kernel.FileKind;
import org.particleos.update.linux.Kernel.SpaceStatus;
import org.particleos.update.linux.LinuxException;
import org.particleos.update.linux.LinuxKernel;

class TreeSinkTest {
  private static final long SEED = 11;
  private static final byte[] CAPABILITY = {
    1, 0, 0, 2, 0, 4, (byte) 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  };

  private final FakeKernel kernel = new FakeKernel();
  @TempDir private Path folder;
  private Path partial;
  private Path beside;

  @BeforeEach
  void aTreeBeside() throws IOException {
    partial = folder.resolve("partial");
    beside = Files.createDirectory(folder.resolve("beside"));
    Files.writeString(beside.resolve("precious"), "precious");
  }

  @AfterEach
  void nothingBesideWasTouched() throws IOException {
    assertEquals("precious", Files.readString(beside.resolve("precious")));
    try (var files = Files.list(beside)) {
      assertEquals(1, files.count());
    }
    try (var files = Files.list(folder)) {
      assertTrue(files.allMatch(file -> Stream.of("partial", "beside").anyMatch(file::endsWith)));
    }
  }

  private TreeSink unpack(byte[] archive) throws UpdateException {
    return unpack(kernel, archive, TreeLimits.defaults(), 1 << 20);
  }

  private TreeSink unpack(Kernel with, byte[] archive, TreeLimits limits, int piece)
      throws UpdateException {
    try (var sink = new TreeSink(with, partial, TreeKind.DIRECTORY, limits)) {
      push(sink, archive, piece);
      sink.finish(true);
      return sink;
    }
  }

  private static void push(Sink sink, byte[] archive, int piece) throws UpdateException {
    for (int from = 0; from < archive.length; from += piece) {
      byte[] bytes = Arrays.copyOfRange(archive, from, Math.min(archive.length, from + piece));
      sink.write(ByteBuffer.allocateDirect(bytes.length).put(bytes).flip());
    }
  }

  private UpdateException.NotTrusted refusal(byte[] archive) {
    return assertThrows(UpdateException.NotTrusted.class, () -> unpack(archive));
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private Kernel.FileStatus status(String name) throws IOException {
    return kernel.status(partial.resolve(name)).orElseThrow();
  }

  // --- what is kept

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 512, 513, 1 << 20})
  void everyKindOfEntryIsMadeWhateverThePiecesItArrivesIn(int piece) throws Exception {
    byte[] archive =
        new TarBytes()
            .header("./", '5', header -> header.mode(0750).user(7).group(8).mtime(1000))
            .header("./usr/", '5', header -> header.mode(0555).mtime(1001))
            .file("./usr/file", "hello".getBytes(StandardCharsets.US_ASCII), h -> h.mode(04711))
            .symbolicLink("./usr/link", "/etc/passwd")
            .hardLink("./usr/same", "./usr/file")
            .header("./pipe", '6', header -> header.mode(0600))
            .header("./null", '3', header -> header.device(1, 3).mode(0666))
            .header("./disk", '4', header -> header.device(259, 300).mode(0660).user(3).group(6))
            .pax('x', "mtime", "1700000000.123456789", "uid", "3000000", "path", "long/ü")
            .file("ignored", "x")
            .ended();

    var sink = unpack(kernel, archive, TreeLimits.defaults(), piece);

    assertEquals(List.of(), sink.warnings());
    assertEquals("hello", Files.readString(partial.resolve("usr/file")));
    assertEquals(04711, status("usr/file").mode());
    assertEquals("/etc/passwd", kernel.readLink(partial.resolve("usr/link")));
    assertEquals(status("usr/file").inode(), status("usr/same").inode());
    assertEquals(FileKind.FIFO, status("pipe").kind());
    assertEquals(FileKind.CHARACTER_DEVICE, status("null").kind());
    assertEquals(0x103, status("null").specialDevice());
    assertEquals(FileKind.BLOCK_DEVICE, status("disk").kind());
    assertEquals(6, status("disk").group());
    assertEquals(1_700_000_000_123_456_789L, status("long/ü").mtimeNanos());
    assertEquals(3_000_000, status("long/ü").user());
    assertEquals(1001_000_000_000L, status("usr").mtimeNanos());
    assertEquals(0555, status("usr").mode());
    var top = status("");
    assertEquals(
        List.of(0750, 7, 8, 1000_000_000_000L),
        List.of(top.mode(), top.user(), top.group(), top.mtimeNanos()));
    assertEquals(0755, status("long").mode());
  }

  @Test
  void aDirectoryThatTheArchiveComesBackToKeepsWhatItHas() throws Exception {
    unpack(
        new TarBytes()
            .header("a/", '5', header -> header.mode(0555).mtime(1000))
            .file("a/one", "1")
            .directory("b/")
            .file("b/two", "2")
            .file("a/three", "3")
            .header("a/", '5', header -> header.mode(0511).mtime(2000))
            .file("a/four", "4")
            .directory("c/")
            .hardLink("a/five", "b/two")
            .ended());

    assertEquals(2000_000_000_000L, status("a").mtimeNanos());
    assertEquals(0511, status("a").mode());
    assertEquals(List.of("five", "four", "one", "three"), kernel.list(partial.resolve("a")));
    assertEquals(1_600_000_000_000_000_000L, status("b").mtimeNanos());
  }

  @Test
  void attributesKeepTheirBytes() throws Exception {
    unpack(
        new TarBytes()
            .pax('g', "SCHILY.xattr.user.all", "every")
            .pax(
                'x',
                "SCHILY.xattr.security.capability",
                CAPABILITY,
                "SCHILY.xattr.user.a%3Db",
                "",
                "RHT.security.selinux",
                "system_u:object_r:usr_t:s0")
            .file("file", "x")
            .directory("directory/")
            .ended());

    Path file = partial.resolve("file");
    assertEquals(
        List.of("security.capability", "security.selinux", "user.a=b", "user.all"),
        kernel.attributeNames(file));
    assertArrayEquals(CAPABILITY, kernel.attribute(file, "security.capability").orElseThrow());
    assertArrayEquals(
        ascii("system_u:object_r:usr_t:s0\0"),
        kernel.attribute(file, "security.selinux").orElseThrow());
    assertEquals(List.of("user.all"), kernel.attributeNames(partial.resolve("directory")));
  }

  @Test
  void aDefaultAccessControlListIsNotHandedDownToWhatTheArchiveHoldsInside() throws Exception {
    unpack(
        new TarBytes()
            .pax('x', "SCHILY.acl.default", "user::rwx,user:1:r--,group::---,mask::r--,other::---")
            .directory("directory/")
            .file("directory/one", "1")
            .file("two", "2")
            .file("directory/three", "3")
            .ended());

    assertEquals(
        List.of("system.posix_acl_default"), kernel.attributeNames(partial.resolve("directory")));
    assertEquals(List.of(), kernel.attributeNames(partial.resolve("directory/three")));
  }

  @Test
  void namesOfAnyLengthAndAnyBytesAreKept() throws Exception {
    String deep = "d".repeat(200) + "/" + "e".repeat(200);
    byte[] odd = {'o', 'd', 'd', (byte) 0xff, (byte) 0xc3};
    unpack(
        new TarBytes()
            .extended('L', ascii(deep + "\0"))
            .extended('K', ascii("t".repeat(300) + "\0"))
            .symbolicLink("short", "short")
            .header("rest", '0', header -> header.put(345, "prefix"))
            .header("x", '0', header -> header.put(0, odd))
            .ended());

    assertEquals("t".repeat(300), kernel.readLink(partial.resolve(deep)));
    assertTrue(Files.exists(partial.resolve("prefix/rest")));
    assertTrue(kernel.status(partial.resolve(FileName.text(odd))).isPresent());
  }

  @Test
  void theSparseFormatsBecomeHoles() throws Exception {
    int size = 8 << 20;
    byte[] wanted = new byte[size];
    byte[] data = Bytes.noise(SEED, 4096);
    System.arraycopy(data, 0, wanted, 1 << 20, 4096);
    byte[] map = Arrays.copyOf(ascii("2\n1048576\n4096\n8388608\n0\n"), 512);
    unpack(
        new TarBytes()
            .header(
                "old",
                'S',
                header ->
                    header
                        .put(257, "ustar  \0")
                        .size(4096)
                        .octal(386, 12, 1 << 20)
                        .octal(398, 12, 4096)
                        .octal(483, 12, size))
            .raw(data)
            .pax(
                'x',
                "GNU.sparse.size",
                "8388608",
                "GNU.sparse.numblocks",
                "1",
                "GNU.sparse.offset",
                "1048576",
                "GNU.sparse.numbytes",
                "4096")
            .file("pax00", data, _ -> {})
            .pax(
                'x',
                "GNU.sparse.size",
                "8388608",
                "GNU.sparse.map",
                "1048576,4096",
                "GNU.sparse.name",
                "pax01")
            .file("x", data, _ -> {})
            .pax(
                'x',
                "GNU.sparse.major",
                "1",
                "GNU.sparse.minor",
                "0",
                "GNU.sparse.realsize",
                "8388608",
                "GNU.sparse.name",
                "pax10")
            .file("x", Bytes.concat(map, data), _ -> {})
            .ended());

    for (String name : List.of("old", "pax00", "pax01", "pax10")) {
      assertArrayEquals(wanted, Files.readAllBytes(partial.resolve(name)), name);
      assertEquals(1 << 20, firstData(partial.resolve(name)), name);
    }
  }

  private long firstData(Path file) throws IOException {
    try (var open = kernel.open(file, Set.of(Kernel.OpenFlag.READ))) {
      return open.nextData(0).orElse(-1);
    }
  }

  @Test
  void aLaterFileTakesThePlaceOfAnEarlierOneAndNotItsContent() throws Exception {
    unpack(
        new TarBytes()
            .symbolicLink("a", beside.resolve("precious").toString())
            .file("a", "new")
            .file("b", "first")
            .hardLink("c", "b")
            .file("b", "second")
            .ended());

    assertEquals("new", Files.readString(partial.resolve("a")));
    assertTrue(Files.isRegularFile(partial.resolve("a"), LinkOption.NOFOLLOW_LINKS));
    assertEquals("first", Files.readString(partial.resolve("c")));
    assertEquals("second", Files.readString(partial.resolve("b")));
  }

  @Test
  void aHardLinkToASymbolicLinkIsTheLinkItself() throws Exception {
    unpack(
        new TarBytes()
            .symbolicLink("link", beside.resolve("precious").toString())
            .hardLink("same", "link")
            .hardLink("same", "same")
            .file("same", "new")
            .ended());

    assertEquals("new", Files.readString(partial.resolve("same")));
    assertEquals(FileKind.SYMBOLIC_LINK, status("link").kind());
  }

  // --- how archives end

  static Stream<Arguments> ends() {
    byte[] open = new TarBytes().file("file", "x").open();
    byte[] junk = Bytes.noise(SEED, 3000);
    return Stream.of(
        Arguments.of("between two entries", open, false),
        Arguments.of("with one empty block", Bytes.concat(open, new byte[512]), false),
        Arguments.of("with twenty empty blocks", Bytes.concat(open, new byte[10240]), false),
        Arguments.of("before junk", Bytes.concat(open, new byte[1024], junk), true),
        Arguments.of("before another archive", Bytes.concat(open, new byte[512], open), true));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ends")
  void anArchiveMayEnd(String how, byte[] archive, boolean warned) throws Exception {
    var sink = unpack(archive);

    assertEquals("x", Files.readString(partial.resolve("file")));
    assertEquals(warned ? 1 : 0, sink.warnings().size());
  }

  @TestFactory
  Stream<DynamicTest> anArchiveCutWithinAnEntryIsRefused() {
    byte[] whole = new TarBytes().pax('x', "mtime", "1").file("file", "x".repeat(700)).open();
    return IntStream.of(0, 1, 511, 512, 900, 1024, 1535, 1536, 2000, 2236, whole.length - 1)
        .mapToObj(length ->
            DynamicTest.dynamicTest(
                "after " + length + " bytes",
                () -> {
                  partial = folder.resolve("partial");
                  var refusal = refusal(Arrays.copyOf(whole, length));

                  assertEquals(Reason.PAYLOAD_CORRUPT, refusal.reason());
                  Trees.delete(partial);
                }));
  }

  // --- what is refused

  static Stream<Arguments> unsafe() {
    return Stream.of(
        unsafe("absolute name", tar -> tar.file("/etc/x", "x"), "absolute"),
        unsafe("upwards", tar -> tar.file("a/../../beside/x", "x"), "upwards"),
        unsafe("upwards directory", tar -> tar.directory("../beside/"), "upwards"),
        unsafe("empty name", tar -> tar.file("", "x"), "empty name"),
        unsafe("a file as top", tar -> tar.file("./", "").file(".", "x"), "top of the tree"),
        unsafe(
            "through a link",
            tar -> tar.symbolicLink("a", "../beside").file("a/x", "x"),
            "symbolic link"),
        unsafe(
            "through a deeper link",
            tar -> tar.symbolicLink("b/a", "../../beside").file("b/a/c/x", "x"),
            "symbolic link"),
        unsafe(
            "a directory for a link",
            tar -> tar.symbolicLink("a", "../beside").directory("a/"),
            "place of a file"),
        unsafe("through a file", tar -> tar.file("a", "x").file("a/b", "x"), "no directory"),
        unsafe(
            "a file for a directory",
            tar -> tar.directory("a/").file("a", "x"),
            "place of a directory"),
        unsafe(
            "a link for a directory",
            tar -> tar.directory("a/").symbolicLink("a", "../beside"),
            "place of a directory"),
        unsafe("hard link to nothing", tar -> tar.hardLink("a", "b"), "not there"),
        unsafe("hard link outside", tar -> tar.hardLink("a", "../beside/precious"), "upwards"),
        unsafe("hard link to absolute", tar -> tar.hardLink("a", "/etc/passwd"), "absolute"),
        unsafe(
            "hard link through a link",
            tar -> tar.symbolicLink("l", "../beside").hardLink("a", "l/precious"),
            "symbolic link"),
        unsafe(
            "hard link to a directory",
            tar -> tar.directory("d/").hardLink("a", "d"),
            "a directory"),
        unsafe("hard link to the top", tar -> tar.hardLink("a", "."), "a directory"),
        unsafe(
            "long part of a name",
            tar -> tar.extended('L', ascii("x".repeat(256))).file("x", ""),
            "255 bytes"),
        unsafe(
            "long name",
            tar -> tar.pax('x', "path", "abcdefg/".repeat(512)).file("x", ""),
            "4095 bytes"),
        unsafe(
            "deep name", tar -> tar.pax('x', "path", "a/".repeat(129)).file("x", ""), "128 levels"),
        unsafe("NUL in a name", tar -> tar.pax('x', "path", "a\0b").file("x", ""), "NUL"),
        unsafe("unknown type", tar -> tar.header("x", 'M', _ -> {}), "unknown type"),
        unsafe("link to nothing", tar -> tar.symbolicLink("x", ""), "to nothing"));
  }

  private static Arguments unsafe(String what, Consumer<TarBytes> write, String found) {
    var tar = new TarBytes().file("before", "x");
    write.accept(tar);
    return Arguments.of(what, tar.file("after", "x").ended(), found);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("unsafe")
  void anEntryThatNoTreeMayHaveIsRefused(String what, byte[] archive, String found)
      throws Exception {
    var refusal = refusal(archive);

    assertEquals(Reason.PAYLOAD_UNSAFE, refusal.reason());
    String text = refusal.found().orElseThrow();
    assertTrue(text.contains(found), text);
    assertTrue(String.valueOf(refusal.getMessage()).contains("entry \""), refusal.getMessage());
    assertTrue(Files.exists(partial.resolve("before")));
    assertFalse(Files.exists(partial.resolve("after")), "nothing is written after a refusal");
  }

  static Stream<Arguments> damaged() {
    return Stream.of(
        Arguments.of("text", ascii("this is no archive ".repeat(100))),
        Arguments.of("noise", Bytes.noise(SEED, 100_000)),
        Arguments.of("a wrong checksum", flipped(new TarBytes().file("a", "x").ended(), 10)),
        Arguments.of("a letter in a number", tar(header -> header.put(124, "0000000012a\0"))),
        Arguments.of("a negative size", tar(header -> header.put(124, filled(12, 0xff)))),
        Arguments.of("a size beyond all", tar(header -> header.put(124, filled(12, 0x87)))),
        Arguments.of("no such user", tar(header -> header.put(108, filled(8, 0xff)))),
        Arguments.of("a time beyond all", tar(header -> header.put(136, filled(12, 0x80)))),
        Arguments.of("a record of no length", paxed("path=x\n")),
        Arguments.of("a record that is too long", paxed("99 path=x\n")),
        Arguments.of("a record without end", paxed("9 path=xy")),
        Arguments.of("a record without value", paxed("8 path x\n")),
        Arguments.of("a record of endless length", paxed("99999999999 path=x\n")),
        Arguments.of("a time that is none", paxed("17 mtime=1e999999\n")),
        Arguments.of("a size that is none", paxed("11 size=-1\n")),
        Arguments.of(
            "a sparse map beyond the file",
            new TarBytes()
                .pax('x', "GNU.sparse.size", "100", "GNU.sparse.map", "90,20")
                .file("x", "x".repeat(20))
                .ended()),
        Arguments.of(
            "a sparse map with overlaps",
            new TarBytes()
                .pax('x', "GNU.sparse.size", "100", "GNU.sparse.map", "0,10,5,10")
                .file("x", "x".repeat(20))
                .ended()),
        Arguments.of(
            "a sparse map of more than is stored",
            new TarBytes()
                .pax('x', "GNU.sparse.size", "100", "GNU.sparse.map", "0,30")
                .file("x", "x".repeat(20))
                .ended()),
        Arguments.of(
            "a sparse map of an odd count",
            new TarBytes()
                .pax('x', "GNU.sparse.size", "100", "GNU.sparse.map", "0,20,30")
                .file("x", "x".repeat(20))
                .ended()),
        Arguments.of(
            "a sparse map of letters",
            new TarBytes()
                .pax('x', "GNU.sparse.major", "1", "GNU.sparse.realsize", "100")
                .file("x", "x".repeat(600))
                .ended()),
        Arguments.of(
            "a sparse map without end",
            new TarBytes()
                .pax('x', "GNU.sparse.major", "1", "GNU.sparse.realsize", "100")
                .file("x", "5\n" + "0".repeat(600))
                .ended()));
  }

  private static byte[] flipped(byte[] bytes, int at) {
    bytes[at] ^= 4;
    return bytes;
  }

  private static byte[] filled(int length, int value) {
    var bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private static byte[] tar(Consumer<TarBytes.Header> change) {
    return new TarBytes().header("x", '0', change).ended();
  }

  private static byte[] paxed(String records) {
    return new TarBytes().extended('x', ascii(records)).file("x", "x").ended();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("damaged")
  void whatIsNoArchiveIsRefused(String what, byte[] bytes) {
    var refusal = refusal(bytes);

    assertTrue(
        List.of(Reason.PAYLOAD_CORRUPT, Reason.PAYLOAD_TOO_LARGE).contains(refusal.reason()),
        refusal.toString());
  }

  // --- bombs

  static Stream<Arguments> bombs() {
    var many = new TarBytes();
    for (int i = 0; i < 30; i++) {
      many.file("file" + i, "");
    }
    var headers = new TarBytes();
    for (int i = 0; i < 30; i++) {
      headers.pax('g', "comment", "x");
    }
    var attributes = new Object[2 * (PaxHeader.ATTRIBUTES_MAX + 1)];
    for (int i = 0; i < attributes.length; i += 2) {
      attributes[i] = "SCHILY.xattr.user." + i;
      attributes[i + 1] = "x";
    }
    return Stream.of(
        Arguments.of("many entries", many.ended()),
        Arguments.of("many headers", headers.ended()),
        Arguments.of("a large file", tar(header -> header.size(10_001))),
        Arguments.of("a hole", sparse("99999999999999999")),
        Arguments.of(
            "large files",
            new TarBytes().file("a", "x".repeat(6000)).file("b", "x".repeat(6000)).ended()),
        Arguments.of(
            "a huge extended header",
            new TarBytes()
                .header("x", 'x', header -> header.size(TarStream.HEADER_BYTES_MAX + 1))
                .ended()),
        Arguments.of(
            "a huge name", new TarBytes().header("x", 'L', header -> header.size(4097)).ended()),
        Arguments.of(
            "a huge attribute",
            new TarBytes().pax('x', "SCHILY.xattr.user.x", new byte[65_537]).file("x", "").ended()),
        Arguments.of("many attributes", new TarBytes().pax('x', attributes).file("x", "").ended()),
        Arguments.of("many extents", manyExtents()));
  }

  private static byte[] sparse(String size) {
    return new TarBytes()
        .pax('x', "GNU.sparse.size", size, "GNU.sparse.map", "0,1")
        .file("x", "x")
        .ended();
  }

  private static byte[] manyExtents() {
    return new TarBytes()
        .pax('x', "GNU.sparse.major", "1", "GNU.sparse.realsize", "100")
        .file("x", (SparseMap.EXTENTS_MAX + 1) + "\n" + "0\n".repeat(400))
        .ended();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("bombs")
  void aBombIsRefusedForItsSize(String what, byte[] archive) {
    var limits = new TreeLimits(20, 10_000, 10);

    var refusal =
        assertThrows(
            UpdateException.NotTrusted.class, () -> unpack(kernel, archive, limits, 1 << 20));

    assertEquals(Reason.PAYLOAD_TOO_LARGE, refusal.reason());
  }

  @Test
  void whatReachesTheLimitsExactlyIsNoBomb() throws Exception {
    var tar = new TarBytes().file("a", "x".repeat(10_000));
    for (int i = 0; i < 19; i++) {
      tar.file("1/2/3/4/5/6/7/8/9/" + i, "");
    }

    unpack(kernel, tar.ended(), new TreeLimits(20, 10_000, 10), 1 << 20);

    assertEquals(19, kernel.list(partial.resolve("1/2/3/4/5/6/7/8/9")).size());
  }

  // --- what the file system or the user cannot do

  @Test
  void withoutExtendedAttributesOneWarningNamesWhatIsMissing() throws Exception {
    kernel.withoutAttributesAndFlags();

    var sink =
        unpack(
            new TarBytes()
                .pax('g', "SCHILY.xattr.user.one", "1")
                .pax('x', "SCHILY.xattr.security.capability", CAPABILITY)
                .file("a", "x")
                .pax('x', "SCHILY.acl.access", "user::rw-,user:1:r--,group::---,mask::r--,other::-")
                .file("b", "x")
                .ended());

    assertEquals(1, sink.warnings().size());
    String warning = sink.warnings().getFirst();
    for (String name : List.of("user.one", "security.capability", "system.posix_acl_access")) {
      assertTrue(warning.contains('"' + name + '"'), warning);
    }
  }

  @Test
  void aListForSomebodyUnknownIsLeftOutWithAWarning() throws Exception {
    var sink =
        unpack(
            new TarBytes()
                .pax('x', "SCHILY.acl.access", "user::rw-,user:no such user:r--,group::-,other::-")
                .file("a", "x")
                .ended());

    assertEquals(1, sink.warnings().size());
    assertEquals(List.of(), kernel.attributeNames(partial.resolve("a")));
  }

  @Test
  void withoutBeingRootOwnersAndForeignSetIdBitsAreNotKept() throws Exception {
    var user = new UnprivilegedKernel(kernel);

    var sink =
        unpack(
            user,
            new TarBytes()
                .header("locked/", '5', header -> header.mode(0555))
                .file("locked/foreign", new byte[0], h -> h.mode(06755))
                .file("own", new byte[0], h -> h.mode(06755).user(1000).group(1000))
                .header("pipe", '6', _ -> {})
                .file("locked/later", "x")
                .ended(),
            TreeLimits.defaults(),
            1 << 20);

    assertEquals(1, sink.warnings().size());
    assertTrue(sink.warnings().getFirst().contains("1000"));
    assertEquals(0755, status("locked/foreign").mode());
    assertEquals(06755, status("own").mode());
    assertEquals(0555, status("locked").mode());
  }

  @Test
  void withoutBeingRootADeviceNodeIsRefusedAtOnce() {
    var user = new UnprivilegedKernel(kernel);
    byte[] archive = new TarBytes().header("dev/null", '3', h -> h.device(1, 3)).ended();

    var refusal =
        assertThrows(
            UpdateException.NotPermitted.class,
            () -> unpack(user, archive, TreeLimits.defaults(), 1 << 20));

    assertTrue(String.valueOf(refusal.getMessage()).contains("\"dev/null\""));
  }

  @TestFactory
  Stream<DynamicTest> aDiskThatFailsAnywhereFailsTheUnpacking() throws Exception {
    byte[] archive =
        new TarBytes()
            .directory("./")
            .directory("tree/")
            .pax('x', "SCHILY.xattr.user.one", "1")
            .file("tree/usr/file", "content")
            .symbolicLink("tree/usr/link", "x")
            .hardLink("tree/usr/same", "tree/usr/file")
            .header("tree/usr/pipe", '6', _ -> {})
            .file("tree/usr/file", "other")
            .ended();
    var rehearsal = FailingKernel.recording(kernel);
    unpack(rehearsal, archive, TreeLimits.defaults(), 1 << 20);
    int operations = rehearsal.operations().size();
    Trees.delete(partial);

    return IntStream.range(0, operations)
        .mapToObj(operation ->
            DynamicTest.dynamicTest(
                "operation " + operation + " of " + operations,
                () -> {
                  var failing =
                      new FailingKernel(
                          new FakeKernel(),
                          operation,
                          () -> new LinuxException(28, "a call", "a file", "no space"));

                  var failure =
                      assertThrows(
                          UpdateException.NoSpace.class,
                          () -> unpack(failing, archive, TreeLimits.defaults(), 1 << 20));

                  assertEquals(Reason.FILE_SYSTEM_FULL, failure.reason());
                  if (Files.exists(partial)) {
                    Trees.delete(partial);
                  }
                }));
  }

  // --- within a transfer

  @Test
  void aWrongDigestExplainsWhatIsWrongWithAnArchiveAndNothingIsFinished() {
    byte[] archive = Bytes.pack(Compression.ZSTD, new TarBytes().file("../x", "x").ended());
    var acquisition = new FakeSource(archive).acquisition();
    var payload = new Payload.LocalFile(Path.of("/payload"));

    for (var reason : List.of(Reason.DIGEST_MISMATCH, Reason.PAYLOAD_UNSAFE)) {
      boolean wrong = reason == Reason.DIGEST_MISMATCH;
      var fresh = wrong ? acquisition : new FakeSource(archive).acquisition();
      var refusal =
          assertThrows(
              UpdateException.NotTrusted.class,
              () -> {
                partial = folder.resolve("partial");
                if (Files.exists(partial)) {
                  Trees.delete(partial);
                }
                fresh.run(
                    payload,
                    Optional.of(Bytes.sha256(wrong ? new byte[0] : archive)),
                    new TreeSink(kernel, partial, TreeKind.DIRECTORY, TreeLimits.defaults()),
                    Progress.unwatched(),
                    new Cancellation());
              });
      assertEquals(reason, refusal.reason());
    }
  }

  @Test
  void anExistingPartialTreeIsNotTouched() throws Exception {
    Files.createDirectory(partial);
    Files.writeString(partial.resolve("old"), "old");

    assertThrows(
        UpdateException.WriteFailed.class,
        () -> new TreeSink(kernel, partial, TreeKind.DIRECTORY, TreeLimits.defaults()));

    assertEquals("old", Files.readString(partial.resolve("old")));
  }

  @Test
  void aSubvolumeIsOneOnBtrfsOnly() throws Exception {
    kernel.btrfs().magic(folder, SpaceStatus.BTRFS);
    new TreeSink(kernel, partial, TreeKind.SUBVOLUME, TreeLimits.defaults()).close();
    assertTrue(kernel.isSubvolume(partial));
    kernel.removeSubvolume(partial);

    kernel.magic(folder, 1);
    new TreeSink(kernel, partial, TreeKind.SUBVOLUME, TreeLimits.defaults()).close();
    assertFalse(kernel.isSubvolume(partial));
    assertTrue(Files.isDirectory(partial));
  }

  // --- one directory around everything

  @Test
  void aSystemInsideOneDirectoryIsMovedUp() throws Exception {
    unpack(
        new TarBytes()
            .header("./", '5', header -> header.mode(0700).mtime(5))
            .pax('x', "SCHILY.xattr.user.top", "1")
            .header("name/", '5', header -> header.mode(0751).user(5).group(6).mtime(77))
            .header("name/usr/", '5', header -> header.mode(0555).mtime(78))
            .file("name/usr/file", "x")
            .file("name/name", "its own name")
            .file("name/.lifted.0", "y")
            .ended());

    assertEquals(List.of(".lifted.0", "name", "usr"), kernel.list(partial));
    assertEquals("its own name", Files.readString(partial.resolve("name")));
    var top = status("");
    assertEquals(
        List.of(0751, 5, 6, 77_000_000_000L),
        List.of(top.mode(), top.user(), top.group(), top.mtimeNanos()));
    assertEquals(List.of("user.top"), kernel.attributeNames(partial));
    assertEquals(78_000_000_000L, status("usr").mtimeNanos());
    assertEquals(0555, status("usr").mode());
  }

  static Stream<Arguments> unmoved() {
    return Stream.of(
        Arguments.of("a system already", new TarBytes().file("usr/usr/x", "x"), List.of("usr")),
        Arguments.of(
            "two directories",
            new TarBytes().file("one/usr/x", "x").file("two/x", "x"),
            List.of("one", "two")),
        Arguments.of("no system inside", new TarBytes().file("one/bin/x", "x"), List.of("one")),
        Arguments.of(
            "a usr that is a link", new TarBytes().symbolicLink("one/usr", "/usr"), List.of("one")),
        Arguments.of(
            "an etc that is a link",
            new TarBytes().symbolicLink("one/etc", "/etc"),
            List.of("one")),
        Arguments.of("one file", new TarBytes().file("usr", "x"), List.of("usr")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("unmoved")
  void whatIsNoSystemInsideOneDirectoryStaysWhereItIs(
      String what, TarBytes archive, List<String> names) throws Exception {
    unpack(archive.ended());

    assertEquals(names, kernel.list(partial));
  }

  @ParameterizedTest
  @ValueSource(strings = {"etc/os-release", "etc/extension-release.d/extension-release.x"})
  void aReleaseFileMakesASystem(String release) throws Exception {
    unpack(new TarBytes().file("one/" + release, "x").ended());

    assertEquals(List.of("etc"), kernel.list(partial));
  }

  // --- fuzz

  @Test
  void aDamagedArchiveNeverReachesOutside() throws Exception {
    byte[] whole =
        new TarBytes()
            .directory("a/")
            .file("a/file", "content")
            .symbolicLink("a/out", beside.toString())
            .symbolicLink("up", "../beside")
            .hardLink("a/same", "a/file")
            .pax('x', "path", "a/long", "SCHILY.xattr.user.x", "1", "mtime", "12.5")
            .file("a/x", "x".repeat(600))
            .pax('x', "GNU.sparse.size", "5000", "GNU.sparse.map", "100,20")
            .file("a/sparse", "x".repeat(20))
            .extended('L', ascii("a/out/precious\0"))
            .file("x", "overwritten")
            .ended();
    var random = new Random(SEED);
    for (int round = 0; round < 3000; round++) {
      byte[] damaged = whole.clone();
      int header = 512 * random.nextInt(whole.length / 512);
      for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
        damaged[header + random.nextInt(512)] = (byte) (random.nextInt(96) + 32);
      }
      if (random.nextBoolean()) {
        reseal(damaged, header);
      }
      try {
        unpack(new LinuxKernel(), damaged, new TreeLimits(100, 1 << 20, 20), 4096);
      } catch (UpdateException e) {
        // Refused, or a name too long for this file system: either is an answer.
      }
      assertEquals(
          "precious",
          Files.readString(beside.resolve("precious")),
          "seed " + SEED + ", round " + round);
      Trees.delete(partial);
    }
  }

  /** Makes the checksum right again, so that the damage is looked at. */
  private static void reseal(byte[] archive, int at) {
    var header = new TarBytes.Header("", '0');
    System.arraycopy(archive, at, header.block, 0, 512);
    System.arraycopy(header.sealed(), 0, archive, at, 512);
  }

  // --- against GNU tar

  static Stream<Arguments> gnuFormats() {
    return Stream.of(
        Arguments.of(List.of("--format=pax", "--xattrs", "--xattrs-include=*", "--acls", "-S")),
        Arguments.of(List.of("--format=pax", "--sparse-version=0.0", "-S", "--xattrs", "--acls")),
        Arguments.of(List.of("--format=pax", "--sparse-version=0.1", "-S", "--xattrs", "--acls")),
        Arguments.of(List.of("--format=gnu", "-S")),
        Arguments.of(List.of("--format=ustar")));
  }

  @ParameterizedTest
  @MethodSource("gnuFormats")
  void whatGnuTarPacksIsUnpackedAsItWas(List<String> options, @TempDir Path sources)
      throws Exception {
    var real = new LinuxKernel();
    Path tree = sources.resolve("tree");
    boolean root =
        TreeSamples.make(
            real,
            tree,
            options.getFirst().contains("pax"),
            options.getFirst().contains("ustar") ? 50 : 150);
    assumeTrue(TreeSamples.succeeds("tar", "--version"), "GNU tar is missing");
    Path archive = sources.resolve("archive");
    var command = new ArrayList<>(List.of("tar", "-cf", archive.toString()));
    command.addAll(options);
    command.addAll(List.of("-C", tree.toString(), "."));
    assumeTrue(TreeSamples.succeeds(command.toArray(String[]::new)), "tar cannot pack it");

    var sink = unpack(real, Files.readAllBytes(archive), TreeLimits.defaults(), 10_000);

    var wanted = Trees.listing(real, tree);
    var found = Trees.listing(real, partial);
    if (!options.getFirst().contains("pax")) {
      wanted = wholeSeconds(wanted);
      found = wholeSeconds(found);
    }
    assertEquals(String.join("\n", wanted), String.join("\n", found));
    assertEquals(root ? List.of() : sink.warnings(), sink.warnings());
  }

  private static List<String> wholeSeconds(List<String> lines) {
    return lines.stream().map(line -> line.replaceAll("(@-?\\d+)\\d{9} ?", "$1 ")).toList();
  }
}
