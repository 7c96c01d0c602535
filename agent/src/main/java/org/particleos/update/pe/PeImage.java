package org.particleos.update.pe;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.particleos.update.failure.Quote;
import org.particleos.update.linux.OpenFile;

/**
 * What the headers of a PE image say (Microsoft PE/COFF specification), as far as UEFI programs are
 * concerned. Whatever is here lies inside of the file: headers, section table and sections;
 * sections do not overlap there. Signatures and relocations are not looked at.
 *
 * <p>Takes images only, no object files, of machines that have UEFI firmware.
 *
 * @param subsystem what kind of program it is; {@value #EFI_APPLICATION} is what firmware starts
 * @param imageBytes how much memory it takes when loaded
 * @param sections in the order of the table; a name may come more than once
 */
public record PeImage(PeMachine machine, int subsystem, long imageBytes, List<PeSection> sections) {
  /** The subsystem of boot loaders and unified kernel images. */
  public static final int EFI_APPLICATION = 10;

  /** As many sections as the loader of the system that the format comes from takes. */
  static final int SECTIONS_MAX = 96;

  /** Headers stand at the beginning; nothing that is meant to be started needs more before them. */
  static final int SIGNATURE_OFFSET_MAX = 1 << 20;

  // Offsets and sizes; all numbers are little-endian.
  private static final int DOS_HEADER_BYTES = 64;
  private static final int AT_SIGNATURE_OFFSET = 60;
  private static final int SIGNATURE_BYTES = 4;
  private static final int COFF_HEADER_BYTES = 20;
  private static final int SECTION_HEADER_BYTES = 40;
  private static final int SECTION_NAME_BYTES = 8;

  private static final int PE32 = 0x10b;
  private static final int PE32_PLUS = 0x20b;

  /** Both optional headers up to the number of data directories, which follow. */
  private static final int PE32_BYTES = 96;

  private static final int PE32_PLUS_BYTES = 112;

  // The same place in both optional headers.
  private static final int AT_IMAGE_BYTES = 56;
  private static final int AT_HEADER_BYTES = 60;
  private static final int AT_SUBSYSTEM = 68;

  public PeImage {
    sections = List.copyOf(sections);
  }

  /** The first section of the name. */
  public Optional<PeSection> section(String name) {
    return sections.stream().filter(section -> section.name().equals(name)).findFirst();
  }

  /** Reads the headers. The file stays open and is not changed. */
  public static PeImage read(OpenFile file) throws IOException, MalformedPeException {
    long size = file.sizeBytes();
    if (size < DOS_HEADER_BYTES) {
      throw new MalformedPeException("has " + size + " bytes, no room for a DOS header");
    }
    ByteBuffer dos = bytes(file, 0, DOS_HEADER_BYTES);
    if (dos.get(0) != 'M' || dos.get(1) != 'Z') {
      throw new MalformedPeException("does not begin with MZ");
    }
    long signature = Integer.toUnsignedLong(dos.getInt(AT_SIGNATURE_OFFSET));
    if (signature < DOS_HEADER_BYTES || signature > SIGNATURE_OFFSET_MAX) {
      throw new MalformedPeException(
          "has its PE header at byte " + signature + ", not where one is");
    }
    return readImage(file, size, signature);
  }

  private static PeImage readImage(OpenFile file, long size, long signature)
      throws IOException, MalformedPeException {
    long optional = signature + SIGNATURE_BYTES + COFF_HEADER_BYTES;
    requireWithin(optional, size, "PE header");
    ByteBuffer coff = bytes(file, signature, SIGNATURE_BYTES + COFF_HEADER_BYTES);
    if (coff.getInt(0) != ('P' | 'E' << 8)) {
      throw new MalformedPeException("has no PE signature at byte " + signature);
    }
    int number = Short.toUnsignedInt(coff.getShort(SIGNATURE_BYTES));
    int count = Short.toUnsignedInt(coff.getShort(SIGNATURE_BYTES + 2));
    int optionalBytes = Short.toUnsignedInt(coff.getShort(SIGNATURE_BYTES + 16));
    PeMachine machine =
        PeMachine.ofNumber(number)
            .orElseThrow(() ->
                new MalformedPeException(
                    String.format("is for machine 0x%04x, which has no UEFI firmware", number)));
    if (count == 0 || count > SECTIONS_MAX) {
      throw new MalformedPeException("has " + count + " sections, not 1 to " + SECTIONS_MAX);
    }
    int least = machine.wide() ? PE32_PLUS_BYTES : PE32_BYTES;
    if (optionalBytes < least) {
      throw new MalformedPeException(
          "has an optional header of " + optionalBytes + " bytes, not at least " + least);
    }
    long table = optional + optionalBytes;
    long tableEnd = table + (long) count * SECTION_HEADER_BYTES;
    requireWithin(tableEnd, size, "section table");
    ByteBuffer header = bytes(file, optional, least);
    int magic = Short.toUnsignedInt(header.getShort(0));
    if (magic != (machine.wide() ? PE32_PLUS : PE32)) {
      throw new MalformedPeException(
          String.format("has an optional header of type 0x%03x, wrong for its machine", magic));
    }
    long imageBytes = Integer.toUnsignedLong(header.getInt(AT_IMAGE_BYTES));
    long headerBytes = Integer.toUnsignedLong(header.getInt(AT_HEADER_BYTES));
    if (headerBytes < tableEnd || headerBytes > size) {
      throw new MalformedPeException(
          "says that its headers have "
              + headerBytes
              + " bytes, which is less than they have or more than the file");
    }
    return new PeImage(
        machine,
        Short.toUnsignedInt(header.getShort(AT_SUBSYSTEM)),
        imageBytes,
        sections(
            bytes(file, table, count * SECTION_HEADER_BYTES),
            new Bounds(headerBytes, size, imageBytes)));
  }

  /**
   * Where sections may be.
   *
   * @param headerBytes they begin behind the headers
   * @param fileBytes they end with the file
   * @param imageBytes and in memory with the image
   */
  private record Bounds(long headerBytes, long fileBytes, long imageBytes) {}

  private static List<PeSection> sections(ByteBuffer table, Bounds bounds)
      throws MalformedPeException {
    List<PeSection> sections = new ArrayList<>();
    for (int at = 0; at < table.limit(); at += SECTION_HEADER_BYTES) {
      var section =
          new PeSection(
              name(table, at),
              Integer.toUnsignedLong(table.getInt(at + 12)),
              Integer.toUnsignedLong(table.getInt(at + 8)),
              Integer.toUnsignedLong(table.getInt(at + 20)),
              Integer.toUnsignedLong(table.getInt(at + 16)));
      requirePlace(section, bounds);
      sections.add(section);
    }
    requireApart(sections);
    return sections;
  }

  private static String name(ByteBuffer table, int at) {
    byte[] name = new byte[SECTION_NAME_BYTES];
    table.get(at, name);
    int length = 0;
    while (length < name.length && name[length] != 0) {
      length++;
    }
    return new String(name, 0, length, StandardCharsets.ISO_8859_1);
  }

  private static void requirePlace(PeSection section, Bounds bounds) throws MalformedPeException {
    long loaded = Math.max(section.memoryBytes(), section.contentBytes());
    if (section.address() + loaded > bounds.imageBytes()) {
      throw new MalformedPeException(
          "has a section " + Quote.quote(section.name()) + " that ends beyond the loaded image");
    }
    if (section.fileBytes() == 0) {
      return; // zeroes only: the offset means nothing
    }
    if (section.fileOffset() < bounds.headerBytes()) {
      throw new MalformedPeException(
          "has a section " + Quote.quote(section.name()) + " that lies over its headers");
    }
    if (section.fileOffset() + section.fileBytes() > bounds.fileBytes()) {
      throw new MalformedPeException(
          "has a section "
              + Quote.quote(section.name())
              + " that ends beyond the file: it is cut short");
    }
  }

  private static void requireApart(List<PeSection> sections) throws MalformedPeException {
    List<PeSection> ordered =
        sections.stream()
            .filter(section -> section.fileBytes() > 0)
            .sorted(Comparator.comparingLong(PeSection::fileOffset))
            .toList();
    for (int i = 1; i < ordered.size(); i++) {
      PeSection before = ordered.get(i - 1);
      PeSection behind = ordered.get(i);
      if (before.fileOffset() + before.fileBytes() > behind.fileOffset()) {
        throw new MalformedPeException(
            "has sections "
                + Quote.quote(before.name())
                + " and "
                + Quote.quote(behind.name())
                + " that overlap");
      }
    }
  }

  private static void requireWithin(long end, long size, String what) throws MalformedPeException {
    if (end > size) {
      throw new MalformedPeException("ends within its " + what);
    }
  }

  private static ByteBuffer bytes(OpenFile file, long offset, int length) throws IOException {
    return ByteBuffer.wrap(PeSection.bytes(file, offset, length)).order(ByteOrder.LITTLE_ENDIAN);
  }
}
