package org.particleos.update.pe;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Makes small PE images for tests; nothing in them runs. */
public final class PeBytes {
  public static final int SIGNATURE = 64;
  public static final int OPTIONAL = SIGNATURE + 24;
  private static final int FILE_ALIGNMENT = 512;
  private static final int MEMORY_ALIGNMENT = 4096;
  private static final int SECTION_HEADER_BYTES = 40;

  private static final class Part {
    private final String name;
    private final byte[] content;

    private Part(String name, byte[] content) {
      this.name = name;
      this.content = content.clone();
    }
  }

  private final List<Part> parts = new ArrayList<>();
  private int machine = 0x8664;
  private boolean wide = true;

  private PeBytes() {}

  /** An EFI application for x86-64. */
  public static PeBytes application() {
    return new PeBytes();
  }

  /** For another machine. */
  public PeBytes machine(int number, boolean addressesWide) {
    machine = number;
    wide = addressesWide;
    return this;
  }

  public PeBytes with(String section, String content) {
    return with(section, content.getBytes(StandardCharsets.UTF_8));
  }

  public PeBytes with(String section, byte[] content) {
    parts.add(new Part(section, content));
    return this;
  }

  private int optionalBytes() {
    return wide ? 240 : 224;
  }

  /** Where the section table begins. */
  public int table() {
    return OPTIONAL + optionalBytes();
  }

  public byte[] bytes() {
    return bytes(buffer());
  }

  /** What a buffer holds up to its limit. */
  public static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.limit()];
    buffer.get(0, bytes);
    return bytes;
  }

  /** The same, little-endian, to be damaged. */
  public ByteBuffer buffer() {
    int headers = align(table() + parts.size() * SECTION_HEADER_BYTES, FILE_ALIGNMENT);
    int size = headers;
    int image = MEMORY_ALIGNMENT;
    for (Part part : parts) {
      size += align(part.content.length, FILE_ALIGNMENT);
      image += align(part.content.length, MEMORY_ALIGNMENT);
    }
    var out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    out.put(0, (byte) 'M').put(1, (byte) 'Z').putInt(60, SIGNATURE);
    out.put(SIGNATURE, "PE\0\0".getBytes(StandardCharsets.US_ASCII));
    out.putShort(SIGNATURE + 4, (short) machine).putShort(SIGNATURE + 6, (short) parts.size());
    out.putShort(SIGNATURE + 20, (short) optionalBytes());
    out.putShort(OPTIONAL, (short) (wide ? 0x20b : 0x10b));
    out.putInt(OPTIONAL + 56, image).putInt(OPTIONAL + 60, headers);
    out.putShort(OPTIONAL + 68, (short) 10);
    int header = table();
    int address = MEMORY_ALIGNMENT;
    int offset = headers;
    for (Part part : parts) {
      out.put(header, part.name.getBytes(StandardCharsets.US_ASCII));
      out.putInt(header + 8, part.content.length).putInt(header + 12, address);
      out.putInt(header + 16, align(part.content.length, FILE_ALIGNMENT));
      out.putInt(header + 20, offset);
      out.put(offset, part.content);
      header += SECTION_HEADER_BYTES;
      address += align(part.content.length, MEMORY_ALIGNMENT);
      offset += align(part.content.length, FILE_ALIGNMENT);
    }
    return out;
  }

  private static int align(int value, int alignment) {
    return Math.ceilDiv(value, alignment) * alignment;
  }
}
