package org.particleos.update.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URI;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.particleos.update.fetch.Mirrors.Mirror;

class MirrorLinksTest {
  private static final URI BASE = URI.create("https://origin.example/d/x");

  private static MirrorLinks parse(String header) {
    return MirrorLinks.of(List.of(new Trail.Linked(BASE, header)));
  }

  private static Mirror mirror(String uri, int priority) {
    return new Mirror(URI.create(uri), priority);
  }

  @Test
  void duplicatesAreMirrorsAndAMetalinkIsAList() {
    var links =
        parse(
            "<https://a.example/x>; rel=duplicate; pri=1; geo=de; depth=2,"
                + "<https://b.example/x>;rel=\"duplicate\" ; PRI = \"20\","
                + " <x.meta4>; rel=describedby; type=\"application/metalink4+xml\","
                + "<x.asc>; rel=describedby; type=\"application/pgp-signature\",,"
                + "<https://c.example/x>; rel=\"alternate duplicate\"");

    assertEquals(
        List.of(
            mirror("https://a.example/x", 1),
            mirror("https://b.example/x", 20),
            mirror("https://c.example/x", MirrorLinks.PRIORITY_WORST)),
        links.mirrors());
    assertEquals(Optional.of(URI.create("https://origin.example/d/x.meta4")), links.list());
    assertEquals(List.of(), links.problems());
  }

  @Test
  void anOddPriorityIsTheWorst() {
    assertEquals(
        List.of(mirror("https://a.example/x", MirrorLinks.PRIORITY_WORST)),
        parse("<https://a.example/x>; rel=duplicate; pri=-5").mirrors());
    assertEquals(
        List.of(mirror("https://a.example/x", 1)),
        parse("<https://a.example/x>; rel=duplicate; pri=0").mirrors());
  }

  @Test
  void commasAndQuotesInTheirPlacesMeanNothing() {
    assertEquals(
        List.of(mirror("https://a.example/x,y;z", MirrorLinks.PRIORITY_WORST)),
        parse("<https://a.example/x,y;z>; title=\"a, \\\"b\\\"; <c>\"; rel=duplicate").mirrors());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense",
        "<https://a.example/x",
        "<https://b.example/x>; rel=\"duplicate",
        "<https://b.example/x> rel=duplicate",
        "<https://[>; rel=duplicate",
        "<>x"
      })
  void whatCannotBeReadIsAProblemAndNoMirror(String header) {
    var links = parse(header);

    assertEquals(List.of(), links.mirrors());
    assertEquals(1, links.problems().size(), links::toString);
  }

  @Test
  void whatStandsBeforeAMistakeCounts() {
    var links = parse("<https://a.example/x>; rel=duplicate; pri=3, oops");

    assertEquals(List.of(mirror("https://a.example/x", 3)), links.mirrors());
    assertEquals(1, links.problems().size());
  }
}
