package org.particleos.update.trust;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.bouncycastle.bcpg.BCPGInputStream;
import org.bouncycastle.bcpg.PublicKeyPacket;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPPublicKey;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.operator.bc.BcKeyFingerprintCalculator;

/**
 * One OpenPGP packet, still in the bytes it came in (RFC 9580 section 4).
 *
 * <p>The bytes are cut into packets here, and not by the library, so that lengths from outside are
 * compared with what is there before anybody allocates memory for them, and one packet that is not
 * understood does not hide the next.
 */
final class Packet {
  static final int SIGNATURE = 2;
  static final int ONE_PASS_SIGNATURE = 4;
  static final int SECRET_KEY = 5;
  static final int PUBLIC_KEY = 6;
  static final int SECRET_SUBKEY = 7;
  static final int COMPRESSED = 8;
  static final int MARKER = 10;
  static final int LITERAL = 11;
  static final int TRUST = 12;
  static final int USER_ID = 13;
  static final int PUBLIC_SUBKEY = 14;
  static final int USER_ATTRIBUTE = 17;
  static final int PADDING = 21;

  /** Versions of keys and signatures that are understood: RFC 4880 and RFC 9580. */
  static final Set<Integer> VERSIONS = Set.of(4, 6);

  private static final int ALWAYS_SET = 0x80;
  private static final int NEW_FORMAT = 0x40;

  private final int tag;
  private final byte[] bytes;
  private final int bodyStart;

  private Packet(int tag, byte[] bytes, int bodyStart) {
    this.tag = tag;
    this.bytes = bytes;
    this.bodyStart = bodyStart;
  }

  int tag() {
    return tag;
  }

  /** A copy of what follows the header. */
  byte[] body() {
    return Arrays.copyOfRange(bytes, bodyStart, bytes.length);
  }

  int bodyLength() {
    return bytes.length - bodyStart;
  }

  /** One byte of the body, unsigned; {@code -1} behind its end. */
  int bodyByte(int index) {
    return index < bodyLength() ? Byte.toUnsignedInt(bytes[bodyStart + index]) : -1;
  }

  /**
   * Cuts a sequence of packets.
   *
   * @param countMax refuse more than so many
   */
  static List<Packet> split(byte[] data, int countMax) throws MalformedPgpException {
    var packets = new ArrayList<Packet>();
    int start = 0;
    while (start < data.length) {
      if (packets.size() == countMax) {
        throw new MalformedPgpException("there are more than " + countMax + " packets");
      }
      int head = Byte.toUnsignedInt(data[start]);
      if ((head & ALWAYS_SET) == 0) {
        throw new MalformedPgpException("byte " + start + " does not begin an OpenPGP packet");
      }
      boolean isNew = (head & NEW_FORMAT) != 0;
      int bodyStart = start + 1 + lengthOctets(data, start, head, isNew);
      long length = bodyLength(data, start + 1, head, isNew);
      if (bodyStart + length > data.length) {
        throw new MalformedPgpException("the packet at byte " + start + " is cut short");
      }
      int end = (int) (bodyStart + length);
      packets.add(
          new Packet(
              isNew ? head & 0x3f : (head >> 2) & 0x0f,
              Arrays.copyOfRange(data, start, end),
              bodyStart - start));
      start = end;
    }
    return packets;
  }

  /** How many bytes the length field has; all of them are in {@code data}. */
  private static int lengthOctets(byte[] data, int start, int head, boolean isNew)
      throws MalformedPgpException {
    int octets;
    if (!isNew) {
      int type = head & 3;
      if (type == 3) {
        throw new MalformedPgpException("the packet at byte " + start + " has no length");
      }
      octets = 1 << type;
    } else {
      int first = start + 1 < data.length ? Byte.toUnsignedInt(data[start + 1]) : 0;
      if (first >= 224 && first < 255) {
        // Only allowed for packets that carry data, which have no place in what is read here.
        throw new MalformedPgpException("the packet at byte " + start + " has a partial length");
      }
      octets = first < 192 ? 1 : first < 224 ? 2 : 5;
    }
    if (start + 1 + octets > data.length) {
      throw new MalformedPgpException("the packet at byte " + start + " is cut short");
    }
    return octets;
  }

  private static long bodyLength(byte[] data, int at, int head, boolean isNew) {
    if (!isNew) {
      return bigEndian(data, at, 1 << (head & 3));
    }
    int first = Byte.toUnsignedInt(data[at]);
    if (first < 192) {
      return first;
    }
    return first < 224
        ? ((first - 192) << 8) + Byte.toUnsignedInt(data[at + 1]) + 192
        : bigEndian(data, at + 1, 4);
  }

  private static long bigEndian(byte[] data, int at, int octets) {
    long value = 0;
    for (int i = 0; i < octets; i++) {
      value = value << 8 | Byte.toUnsignedLong(data[at + i]);
    }
    return value;
  }

  PGPSignature asSignature() throws MalformedPgpException {
    try {
      return new PGPSignature(new BCPGInputStream(new ByteArrayInputStream(bytes)));
    } catch (IOException | PGPException | RuntimeException e) {
      // The library answers broken packets with unchecked exceptions too.
      throw new MalformedPgpException("a signature packet is damaged", e);
    }
  }

  PGPPublicKey asPublicKey() throws MalformedPgpException {
    try {
      var packet = new BCPGInputStream(new ByteArrayInputStream(bytes)).readPacket();
      if (packet instanceof PublicKeyPacket key) {
        return new PGPPublicKey(key, new BcKeyFingerprintCalculator());
      }
      throw new MalformedPgpException("a key packet is of an unknown kind");
    } catch (IOException | PGPException | RuntimeException e) {
      throw new MalformedPgpException("a key packet is damaged", e);
    }
  }
}
