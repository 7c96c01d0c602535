package org.particleos.update.fetch;

import java.io.ByteArrayInputStream;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.particleos.update.fetch.Mirrors.Mirror;

/**
 * A list of mirrors of one file: {@code .meta4} (RFC 5854) or its predecessor {@code .metalink},
 * version 3. Digests in it are not looked at: nobody signed it.
 */
record Metalink(OptionalLong sizeBytes, List<Mirror> mirrors) {
  /** Those of large mirror networks have some ten kilobytes. */
  static final int SIZE_BYTES_MAX = 1 << 20;

  private static final int ADDRESSES_MAX = 1000;

  /** The preference of version 3 goes from 0 to 100, the best. */
  private static final int PREFERENCE_BEST = 100;

  private static final String VERSION_4 = "urn:ietf:params:xml:ns:metalink";
  private static final String VERSION_3 = "http://www.metalinker.org/";

  Metalink {
    mirrors = List.copyOf(mirrors);
  }

  /** Not a list of mirrors for one file. */
  static final class Malformed extends Exception {
    Malformed(String message) {
      super(message);
    }
  }

  static Metalink parse(byte[] xml) throws Malformed {
    var factory = XMLInputFactory.newDefaultFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    factory.setProperty(XMLInputFactory.IS_COALESCING, true);
    try {
      return read(factory.createXMLStreamReader(new ByteArrayInputStream(xml)));
    } catch (XMLStreamException e) {
      throw new Malformed("it is no well-formed XML: " + e.getMessage());
    }
  }

  private static Metalink read(XMLStreamReader xml) throws XMLStreamException, Malformed {
    var mirrors = new ArrayList<Mirror>();
    OptionalLong size = OptionalLong.empty();
    int files = 0;
    boolean root = true;
    while (xml.hasNext()) {
      int event = xml.next();
      if (event == XMLStreamConstants.DTD) {
        throw new Malformed("it declares a document type");
      }
      if (event != XMLStreamConstants.START_ELEMENT) {
        continue;
      }
      boolean known =
          VERSION_4.equals(xml.getNamespaceURI()) || VERSION_3.equals(xml.getNamespaceURI());
      if (root && !(known && xml.getLocalName().equals("metalink"))) {
        throw new Malformed("its first element is not \"metalink\"");
      }
      root = false;
      if (known) {
        switch (xml.getLocalName()) {
          case "file" -> files++;
          case "size" -> size = number(xml.getElementText());
          case "url" -> place(xml).ifPresent(mirrors::add);
          default -> {
            // Digests and signatures, pieces, descriptions.
          }
        }
      }
      if (files > 1) {
        throw new Malformed("it is about several files");
      }
      if (mirrors.size() > ADDRESSES_MAX) {
        throw new Malformed("it names more than " + ADDRESSES_MAX + " addresses");
      }
    }
    return new Metalink(size, mirrors);
  }

  private static OptionalLong number(String text) {
    String digits = text.strip();
    return digits.matches("[0-9]{1,18}")
        ? OptionalLong.of(Long.parseLong(digits))
        : OptionalLong.empty();
  }

  /** Empty for what is no address: one of many is no loss. */
  private static Optional<Mirror> place(XMLStreamReader xml) throws XMLStreamException {
    var priority = attribute(xml, "priority");
    var preference = attribute(xml, "preference");
    int rank =
        priority.isPresent()
            ? Math.clamp(priority.getAsLong(), 1, MirrorLinks.PRIORITY_WORST)
            : preference.isPresent()
                ? 1 + PREFERENCE_BEST - Math.clamp(preference.getAsLong(), 0, PREFERENCE_BEST)
                : MirrorLinks.PRIORITY_WORST;
    try {
      var uri = URI.create(xml.getElementText().strip());
      String scheme = String.valueOf(uri.getScheme());
      // Others, as ftp and rsync, are in most lists and no mistake.
      return scheme.equalsIgnoreCase("http") || scheme.equalsIgnoreCase("https")
          ? Optional.of(new Mirror(uri, rank))
          : Optional.empty();
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  private static OptionalLong attribute(XMLStreamReader xml, String name) {
    return number(Optional.ofNullable(xml.getAttributeValue(null, name)).orElse(""));
  }
}
