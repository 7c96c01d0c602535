package org.particleos.update.demo;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes a file in the form of a unified kernel image: a PE file (Microsoft PE/COFF specification)
 * with named sections. It is well-formed for tools that read sections; nothing in it runs.
 */
public final class PortableExecutable {
  private static final int FILE_ALIGNMENT = 512;
  private static final int SECTION_ALIGNMENT = 4096;
  private static final int SIGNATURE_OFFSET = 64;
  private static final int OPTIONAL_HEADER_BYTES = 240;
  private static final int SECTION_HEADER_BYTES = 40;

  private static final short MACHINE_X86_64 = (short) 0x8664;
  private static final short MACHINE_ARM64 = (short) 0xaa64;

  private PortableExecutable() {}

  /** A section and its text. */
  public record Section(String name, String content) {}

  /** Writes the file for the architecture that this program runs on. */
  public static void write(Path path, Section... sections) throws IOException {
    int headers =
        align(
            SIGNATURE_OFFSET + 24 + OPTIONAL_HEADER_BYTES + sections.length * SECTION_HEADER_BYTES,
            FILE_ALIGNMENT);
    int size = headers;
    for (Section section : sections) {
      size += align(bytes(section).length, FILE_ALIGNMENT);
    }
    ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    out.put(0, (byte) 'M').put(1, (byte) 'Z').putInt(60, SIGNATURE_OFFSET);
    boolean arm = System.getProperty("os.arch").equals("aarch64");
    out.position(SIGNATURE_OFFSET);
    out.put("PE\0\0".getBytes(StandardCharsets.US_ASCII));
    out.putShort(arm ? MACHINE_ARM64 : MACHINE_X86_64);
    out.putShort((short) sections.length);
    out.putInt(0).putInt(0).putInt(0); // no time stamp, no symbols
    out.putShort((short) OPTIONAL_HEADER_BYTES);
    out.putShort((short) 0x0022); // executable image, large addresses
    putOptionalHeader(out, headers, sections);
    putSections(out, headers, sections);
    Files.write(path, out.array());
  }

  private static void putOptionalHeader(ByteBuffer out, int headers, Section... sections) {
    int start = out.position();
    int image = SECTION_ALIGNMENT;
    for (Section section : sections) {
      image += align(bytes(section).length, SECTION_ALIGNMENT);
    }
    out.putShort(start, (short) 0x20b); // PE32+
    out.putLong(start + 24, 0x140000000L);
    out.putInt(start + 32, SECTION_ALIGNMENT);
    out.putInt(start + 36, FILE_ALIGNMENT);
    out.putInt(start + 56, image);
    out.putInt(start + 60, headers);
    out.putShort(start + 68, (short) 10); // subsystem: EFI application
    out.putInt(start + 108, 16); // data directories, all empty
    out.position(start + OPTIONAL_HEADER_BYTES);
  }

  private static void putSections(ByteBuffer out, int headers, Section... sections) {
    int header = out.position();
    int address = SECTION_ALIGNMENT;
    int offset = headers;
    for (Section section : sections) {
      byte[] content = bytes(section);
      byte[] name = section.name().getBytes(StandardCharsets.US_ASCII);
      if (name.length > 8) {
        throw new IllegalArgumentException("a section name has at most 8 bytes: " + section.name());
      }
      out.position(header).put(name);
      out.putInt(header + 8, content.length);
      out.putInt(header + 12, address);
      out.putInt(header + 16, align(content.length, FILE_ALIGNMENT));
      out.putInt(header + 20, offset);
      out.putInt(header + 36, 0x40000040); // initialised data, readable
      out.position(offset).put(content);
      header += SECTION_HEADER_BYTES;
      address += align(content.length, SECTION_ALIGNMENT);
      offset += align(content.length, FILE_ALIGNMENT);
    }
  }

  private static byte[] bytes(Section section) {
    return section.content().getBytes(StandardCharsets.UTF_8);
  }

  private static int align(int value, int alignment) {
    return Math.ceilDiv(value, alignment) * alignment;
  }
}
