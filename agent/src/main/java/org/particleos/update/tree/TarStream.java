package org.particleos.update.tree;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.particleos.update.failure.Quote;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.linux.DeviceNumber;
import org.particleos.update.linux.FileName;
import org.particleos.update.tree.TarEntry.Extent;

/**
 * Reads a tar archive while it arrives: bytes are pushed in, in pieces of any length, and a visitor
 * hears of entries and their content. Old, POSIX (PAX) and GNU archives with their long names,
 * sparse files and extended attributes are understood; memory is bounded whatever the archive says.
 *
 * <p>Own code because the tar reader of commons-compress takes the values of extended headers for
 * text, which destroys capabilities and ACLs, keeps names and headers of any length in memory, and
 * pulls, which would take one more thread and one more copy of every byte.
 *
 * <p>Everything wrong with the archive is thrown as {@link UpdateException.NotTrusted}. After that,
 * the stream must not be used any more.
 */
final class TarStream {
  /** Hears of one entry after the other. */
  interface Visitor {
    void entry(TarEntry entry) throws UpdateException;

    /** A piece of the content of the entry, direct like the buffer it came in. */
    void content(ByteBuffer piece, long offset) throws UpdateException;

    /** The content of the entry is complete. */
    void entryEnd() throws UpdateException;
  }

  /**
   * Longest extended header. A name takes 4 KiB, the value of an extended attribute 64 KiB, and no
   * common file system keeps more than 64 KiB of them for one file.
   */
  static final int HEADER_BYTES_MAX = 1 << 20;

  /** PATH_MAX of Linux with its NUL. */
  static final int NAME_BYTES_MAX = 4096;

  private static final int BLOCK = TarHeader.BLOCK_BYTES;

  private enum State {
    HEADER,
    EXTENDED_HEADER,
    SPARSE_CONTINUATION,
    SPARSE_MAP,
    CONTENT,
    PADDING,
    ENDED
  }

  private final Visitor visitor;
  private final long headersMax;
  private final Accounts accounts;

  private State state = State.HEADER;
  private long position;
  private long headers;
  private boolean trailingData;
  private boolean accessListsLeftOut;

  private final byte[] block = new byte[BLOCK];
  private int blockFilled;
  private int paddingLeft;

  // What stands before the header of an entry.
  private final PaxHeader global = PaxHeader.empty();
  private @Nullable PaxHeader local;
  private Optional<byte[]> longName = Optional.empty();
  private Optional<byte[]> longLink = Optional.empty();

  // The extended header that is being read.
  private char extendedType;
  private byte[] extended = new byte[0];
  private int extendedFilled;

  // The entry whose map or content is being read.
  private @Nullable TarHeader header;
  private @Nullable PaxHeader facts;
  private SparseMap sparse = new SparseMap();
  private long sparseBlocksBytes;
  private long numbersLeft;
  private long number;
  private boolean digits;
  private List<Extent> extents = List.of();
  private int extent;
  private long extentDone;
  private long contentBytes;
  private long contentLeft;

  /**
   * @param headersMax entries, their extended headers counted too
   * @param accounts whom the names in access control lists mean
   */
  TarStream(Visitor visitor, long headersMax, Accounts accounts) {
    this.visitor = visitor;
    this.headersMax = headersMax;
    this.accounts = accounts;
  }

  /** Takes all that remains in the buffer. */
  void accept(ByteBuffer bytes) throws UpdateException {
    while (bytes.hasRemaining()) {
      switch (state) {
        case HEADER -> {
          if (fillBlock(bytes)) {
            header();
          }
        }
        case SPARSE_CONTINUATION -> {
          if (fillBlock(bytes)
              && !new TarHeader(block, position - BLOCK).sparseContinuationInto(sparse)) {
            begin();
          }
        }
        case SPARSE_MAP -> {
          if (fillBlock(bytes)) {
            sparseMapBlock();
          }
        }
        case EXTENDED_HEADER -> extendedHeader(bytes);
        case CONTENT -> content(bytes);
        case PADDING -> {
          int length = Math.min(paddingLeft, bytes.remaining());
          skip(bytes, length);
          paddingLeft -= length;
          if (paddingLeft == 0) {
            state = State.HEADER;
          }
        }
        case ENDED -> {
          trailingData = trailingData || !zeros(bytes);
          skip(bytes, bytes.remaining());
        }
      }
    }
  }

  /**
   * The archive has ended. Like GNU tar this takes the end of the stream between two entries for
   * the end of the archive, too.
   */
  void finish() throws UpdateException {
    boolean between =
        state == State.HEADER
            && blockFilled == 0
            && local == null
            && longName.isEmpty()
            && longLink.isEmpty();
    if (position == 0) {
      throw TarFailure.damaged("it is empty");
    }
    if (!between && state != State.ENDED) {
      throw TarFailure.damaged("it ends after " + position + " bytes, within an entry");
    }
  }

  /** Whether something other than zeros followed the end of the archive; it was not read. */
  boolean trailingData() {
    return trailingData;
  }

  /** Whether an access control list was for somebody whose number is not known on this system. */
  boolean accessListsLeftOut() {
    return accessListsLeftOut;
  }

  private void skip(ByteBuffer bytes, int length) {
    bytes.position(bytes.position() + length);
    position += length;
  }

  private boolean fillBlock(ByteBuffer bytes) {
    int length = Math.min(BLOCK - blockFilled, bytes.remaining());
    bytes.get(block, blockFilled, length);
    position += length;
    blockFilled += length;
    if (blockFilled < BLOCK) {
      return false;
    }
    blockFilled = 0;
    return true;
  }

  private static boolean zeros(ByteBuffer bytes) {
    for (int i = bytes.position(); i < bytes.limit(); i++) {
      if (bytes.get(i) != 0) {
        return false;
      }
    }
    return true;
  }

  /** After a member of so many bytes comes padding up to the next block. */
  private void pad(long storedBytes) {
    paddingLeft = (int) ((BLOCK - storedBytes % BLOCK) % BLOCK);
    state = paddingLeft == 0 ? State.HEADER : State.PADDING;
  }

  // --- headers

  private void header() throws UpdateException {
    if (TarHeader.blank(block)) {
      // Two of them should follow each other; as in GNU tar, one is enough.
      if (local != null || longName.isPresent() || longLink.isPresent()) {
        throw TarFailure.damaged("it ends after an extended header");
      }
      state = State.ENDED;
      return;
    }
    var read = new TarHeader(block.clone(), position - BLOCK);
    read.requireChecksum();
    headers++;
    if (headers > headersMax) {
      throw TarFailure.tooLarge("it has more than " + headersMax + " entries");
    }
    switch (read.type()) {
      case 'x', 'X', 'g', 'L', 'K' -> beginExtended(read);
      case 'V' -> {} // the label of a tape
      case '0', '\0', '7', '1', '2', '3', '4', '5', '6', 'S' -> beginEntry(read);
      default ->
          throw TarFailure.unsafe(
              FileName.text(read.name()),
              "has the unknown type " + Quote.quote(String.valueOf(read.type())));
    }
  }

  private void beginExtended(TarHeader read) throws UpdateException {
    long length = read.sizeBytes();
    boolean name = read.type() == 'L' || read.type() == 'K';
    if (length < 0 || length > (name ? NAME_BYTES_MAX : HEADER_BYTES_MAX)) {
      throw TarFailure.tooLarge(
          (name ? "a name has " : "an extended header has ") + length + " bytes");
    }
    extendedType = read.type();
    extended = new byte[(int) length];
    extendedFilled = 0;
    state = State.EXTENDED_HEADER;
    if (length == 0) {
      endExtended();
    }
  }

  private void extendedHeader(ByteBuffer bytes) throws UpdateException {
    int length = Math.min(extended.length - extendedFilled, bytes.remaining());
    bytes.get(extended, extendedFilled, length);
    position += length;
    extendedFilled += length;
    if (extendedFilled == extended.length) {
      endExtended();
    }
  }

  private void endExtended() throws UpdateException {
    switch (extendedType) {
      case 'g' -> global.merge(extended);
      case 'L' -> longName = Optional.of(upToNul(extended));
      case 'K' -> longLink = Optional.of(upToNul(extended));
      default -> {
        var merged = local == null ? global.copy() : local;
        merged.merge(extended);
        local = merged;
      }
    }
    pad(extended.length);
    extended = new byte[0];
  }

  private static byte[] upToNul(byte[] text) {
    int end = 0;
    while (end < text.length && text[end] != 0) {
      end++;
    }
    return Arrays.copyOf(text, end);
  }

  // --- entries

  private void beginEntry(TarHeader read) throws UpdateException {
    header = read;
    facts = local == null ? global.copy() : local;
    local = null;
    sparse = new SparseMap();
    sparseBlocksBytes = 0;
    if (read.type() == 'S') {
      read.sparseInto(sparse);
      if (read.sparseContinues()) {
        state = State.SPARSE_CONTINUATION;
        return;
      }
    } else if (facts.number("GNU.sparse.major").orElse(0) == 1) {
      numbersLeft = -1;
      number = 0;
      digits = false;
      state = State.SPARSE_MAP;
      return;
    } else {
      sparse = facts.sparse();
    }
    begin();
  }

  /** PAX sparse format 1.0: decimal numbers on lines of their own, before the content. */
  private void sparseMapBlock() throws UpdateException {
    sparseBlocksBytes += BLOCK;
    if (sparseBlocksBytes > storedBytes()) {
      throw TarFailure.damaged("a sparse map is longer than its file");
    }
    for (byte b : block) {
      if (b == '\n' && digits) {
        sparseNumber(number);
        number = 0;
        digits = false;
        if (numbersLeft == 0) {
          begin();
          return;
        }
      } else if (b >= '0' && b <= '9' && number < Long.MAX_VALUE / 10 - 1) {
        number = number * 10 + (b - '0');
        digits = true;
      } else {
        throw TarFailure.damaged("a sparse map is no list of numbers");
      }
    }
  }

  private void sparseNumber(long value) throws UpdateException {
    if (numbersLeft >= 0) {
      sparse.add(value);
      numbersLeft--;
      return;
    }
    if (value > SparseMap.EXTENTS_MAX) {
      throw TarFailure.tooLarge("a sparse file has " + value + " extents");
    }
    numbersLeft = 2 * value;
  }

  /** Bytes in the archive: only files have any, whatever the headers of others say (ustar). */
  private long storedBytes() throws UpdateException {
    boolean stores =
        switch (current().type()) {
          case '0', '\0', '7', 'S' -> true;
          default -> false;
        };
    if (!stores) {
      return 0;
    }
    var extendedSize = currentFacts().number("size");
    long size = extendedSize.isPresent() ? extendedSize.getAsLong() : current().sizeBytes();
    if (size < 0) {
      throw TarFailure.damaged("a file has a negative size");
    }
    return size;
  }

  private void begin() throws UpdateException {
    var entry = entry();
    longName = Optional.empty();
    longLink = Optional.empty();
    extents = entry.extents();
    extent = 0;
    extentDone = 0;
    contentBytes = entry.storedBytes();
    contentLeft = contentBytes;
    visitor.entry(entry);
    state = State.CONTENT;
    endContentIfDone();
  }

  private TarEntry entry() throws UpdateException {
    var read = current();
    var pax = currentFacts();
    byte[] rawName =
        pax.bytes("GNU.sparse.name")
            .or(() -> pax.bytes("path"))
            .or(() -> longName)
            .orElseGet(read::name);
    String name = text(rawName, rawName);
    long stored = storedBytes() - sparseBlocksBytes;
    var type = type(read.type(), name);
    if (type == TarEntry.Type.DIRECTORY && stored > 0) {
      throw TarFailure.unsafe(name, "is a directory, but has content");
    }
    long size = stored;
    List<Extent> map = stored == 0 ? List.of() : List.of(new Extent(0, stored));
    if (read.type() == 'S' || isSparse(pax)) {
      size =
          read.type() == 'S'
              ? read.sparseSizeBytes()
              : pax.number("GNU.sparse.realsize").orElse(pax.number("GNU.sparse.size").orElse(-1));
      if (size < 0) {
        throw TarFailure.damaged("a sparse file has no size");
      }
      map = sparse.complete(size, stored);
    }
    String link = "";
    if (type == TarEntry.Type.HARD_LINK || type == TarEntry.Type.SYMBOLIC_LINK) {
      byte[] raw = pax.bytes("linkpath").or(() -> longLink).orElseGet(read::linkName);
      link = text(raw, rawName);
    }
    long device = 0;
    if (type == TarEntry.Type.CHARACTER_DEVICE || type == TarEntry.Type.BLOCK_DEVICE) {
      device = device(read.deviceMajor(), read.deviceMinor());
    }
    return new TarEntry(name, type, link, facts(name, read, pax), size, stored, map, device);
  }

  private static boolean isSparse(PaxHeader pax) throws UpdateException {
    return pax.number("GNU.sparse.major").orElse(0) == 1
        || pax.sparse().size() > 0
        || pax.bytes("GNU.sparse.size").isPresent();
  }

  private static TarEntry.Type type(char flag, String name) {
    return switch (flag) {
      case '1' -> TarEntry.Type.HARD_LINK;
      case '2' -> TarEntry.Type.SYMBOLIC_LINK;
      case '3' -> TarEntry.Type.CHARACTER_DEVICE;
      case '4' -> TarEntry.Type.BLOCK_DEVICE;
      case '5' -> TarEntry.Type.DIRECTORY;
      case '6' -> TarEntry.Type.FIFO;
      // Before there was a type for them, directories were files with a slash behind.
      default -> name.endsWith("/") ? TarEntry.Type.DIRECTORY : TarEntry.Type.FILE;
    };
  }

  private static long device(long major, long minor) throws UpdateException {
    if (major < 0 || major >= 1 << 12 || minor < 0 || minor >= 1 << 20) {
      throw TarFailure.damaged("there is no device " + major + ":" + minor);
    }
    return new DeviceNumber((int) major, (int) minor).encoded();
  }

  private FileFacts facts(String name, TarHeader read, PaxHeader pax) throws UpdateException {
    var user = pax.number("uid");
    var group = pax.number("gid");
    var mtime = pax.mtimeNanos();
    var attributes = new LinkedHashMap<>(pax.attributes());
    acl(name, pax, "SCHILY.acl.access", FileFacts.ACCESS_ACL, attributes);
    acl(name, pax, "SCHILY.acl.default", FileFacts.DEFAULT_ACL, attributes);
    return new FileFacts(
        account(user.isPresent() ? user.getAsLong() : read.user()),
        account(group.isPresent() ? group.getAsLong() : read.group()),
        read.mode(),
        mtime.isPresent() ? mtime.getAsLong() : nanos(read.mtimeSeconds()),
        attributes);
  }

  private void acl(
      String name, PaxHeader pax, String key, String attribute, Map<String, byte[]> attributes)
      throws UpdateException {
    var written = pax.bytes(key);
    if (written.isPresent() && !attributes.containsKey(attribute)) {
      PosixAcl.parse(name, written.get(), accounts)
          .ifPresentOrElse(acl -> attributes.put(attribute, acl), () -> accessListsLeftOut = true);
    }
  }

  /** The largest number means "nobody in particular" to the kernel. */
  private static int account(long number) throws UpdateException {
    if (number < 0 || number >= 0xffff_ffffL) {
      throw TarFailure.damaged("there is no user or group " + number);
    }
    return (int) number;
  }

  private static long nanos(long seconds) throws UpdateException {
    try {
      return Math.multiplyExact(seconds, 1_000_000_000L);
    } catch (ArithmeticException e) {
      throw TarFailure.damaged("the time of an entry cannot be kept");
    }
  }

  private static String text(byte[] raw, byte[] entryName) throws UpdateException {
    String text = FileName.text(raw);
    if (text.indexOf('\0') >= 0) {
      throw TarFailure.unsafe(FileName.text(entryName), "has a NUL in its name or its target");
    }
    return text;
  }

  // --- content

  private void content(ByteBuffer bytes) throws UpdateException {
    var current = extents.get(extent);
    if (extentDone == current.lengthBytes()) {
      extent++;
      extentDone = 0;
      return;
    }
    int length = (int) Math.min(bytes.remaining(), current.lengthBytes() - extentDone);
    int end = bytes.limit();
    bytes.limit(bytes.position() + length);
    visitor.content(bytes, current.offset() + extentDone);
    bytes.limit(end);
    position += length;
    extentDone += length;
    contentLeft -= length;
    endContentIfDone();
  }

  private void endContentIfDone() throws UpdateException {
    if (contentLeft == 0) {
      visitor.entryEnd();
      header = null;
      facts = null;
      pad(contentBytes);
    }
  }

  private TarHeader current() {
    return Optional.ofNullable(header).orElseThrow(TarStream::noEntry);
  }

  private PaxHeader currentFacts() {
    return Optional.ofNullable(facts).orElseThrow(TarStream::noEntry);
  }

  private static IllegalStateException noEntry() {
    return new IllegalStateException("no entry was begun");
  }
}
