package org.particleos.update.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.fetch.Mirrors.Mirror;

class MetalinkTest {
  private static final String OPEN = "<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">";

  private static Metalink parse(String xml) throws Metalink.Malformed {
    return Metalink.parse(xml.getBytes(StandardCharsets.UTF_8));
  }

  private static Mirror mirror(String uri, int priority) {
    return new Mirror(URI.create(uri), priority);
  }

  @Test
  void aListNamesMirrorsBySchemeAndPriority() throws Exception {
    var list =
        parse(
            "<?xml version='1.0' encoding='UTF-8'?>\n"
                + OPEN
                + "<generator>x</generator><file name='x.raw'><size> 4711 </size>"
                + "<hash type='sha-256'>00</hash><pieces length='4' type='sha-256'><hash>1</hash>"
                + "</pieces><url location='de' priority='2'> https://a.example/x.raw\n</url>"
                + "<url>http://b.example/x.raw?a=1&amp;b=2</url>"
                + "<url priority='1'>ftp://c.example/x.raw</url>"
                + "<url priority='1'>https://d e</url>"
                + "<url priority='9999999'>https://e.example/x.raw</url>"
                + "</file></metalink>");

    assertEquals(OptionalLong.of(4711), list.sizeBytes());
    assertEquals(
        List.of(
            mirror("https://a.example/x.raw", 2),
            mirror("http://b.example/x.raw?a=1&b=2", MirrorLinks.PRIORITY_WORST),
            mirror("https://e.example/x.raw", MirrorLinks.PRIORITY_WORST)),
        list.mirrors());
  }

  @Test
  void theOlderVersionHasPreferences() throws Exception {
    var list =
        parse(
            "<metalink version='3.0' xmlns='http://www.metalinker.org/'><files><file name='x'>"
                + "<size>5</size><resources>"
                + "<url type='http' location='de' preference='100'>http://a.example/x</url>"
                + "<url type='http' preference='10'>http://b.example/x</url>"
                + "</resources></file></files></metalink>");

    assertEquals(OptionalLong.of(5), list.sizeBytes());
    assertEquals(
        List.of(mirror("http://a.example/x", 1), mirror("http://b.example/x", 91)), list.mirrors());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "no xml",
        "<html/>",
        "<metalink/>",
        OPEN,
        OPEN + "<file name='x'/><file name='y'/></metalink>",
        "<!DOCTYPE metalink [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"
            + OPEN
            + "<file name='x'><url>https://a/&e;</url></file></metalink>",
        "<!DOCTYPE metalink [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]>" + OPEN + "&b;</metalink>",
        OPEN + "<file name='x'><url>https://a/<b/></url></file></metalink>"
      })
  void whatIsNoListOfMirrorsOfOneFileIsRefused(String xml) {
    assertThrows(Metalink.Malformed.class, () -> parse(xml));
  }

  @Test
  void aListWithoutEndIsRefused() {
    var xml = OPEN + "<file name='x'>" + "<url>https://a/x</url>".repeat(1001);

    assertThrows(Metalink.Malformed.class, () -> parse(xml));
  }
}
