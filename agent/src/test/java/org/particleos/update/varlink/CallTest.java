package org.particleos.update.varlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CallTest {
  private static Call parse(String message) throws MalformedCallException {
    return Call.parse(message.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aCallHasAMethodAndNeedsNothingElse() throws Exception {
    Call call = parse("{'method':'a.b.C'}");

    assertEquals("a.b.C", call.method());
    assertTrue(call.parameters().isObject());
    assertFalse(call.more() || call.oneway() || call.upgrade());
  }

  @Test
  void whatIsNullIsNotThere() throws Exception {
    Call call = parse("{'method':'a.b.C','parameters':null,'more':null}");

    assertTrue(call.parameters().isObject());
    assertFalse(call.more());
  }

  @Test
  void flagsAndParametersAreRead() throws Exception {
    Call call = parse("{'method':'a.b.C','parameters':{'x':'é'},'more':true,'upgrade':true}");

    assertEquals("é", call.parameters().path("x").asText());
    assertTrue(call.more() && call.upgrade());
    assertTrue(parse("{'method':'a.b.C','oneway':true}").oneway());
  }

  @Test
  void whatNobodyKnowsIsPassedOver() throws Exception {
    assertEquals("a.b.C", parse("{'method':'a.b.C','later':[1,{}]}").method());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "hello",
        "[]",
        "null",
        "'method'",
        "{}",
        "{'method':7}",
        "{'method':null}",
        "{'method':'a.b.C'",
        "{'method':'a.b.C'} {}",
        "{'method':'a.b.C'}x",
        "{'method':'a.b.C','method':'a.b.D'}",
        "{'method':'a.b.C','more':1}",
        "{'method':'a.b.C','oneway':'true'}",
        "{'method':'a.b.C','oneway':true,'more':true}",
        "{'method':'a.b.C','oneway':true,'upgrade':true}",
        "{'method':'a.b.C','parameters':{'a':[[[[[[1]]]]]]}}",
        "{'method':'a.b.C','parameters':{'a':111111111111111111111111111111111}}",
        "{'method':'a.b.C','parameters':NaN}",
        "{method:'a.b.C'}",
        "{'method':'a\nb'}",
        "/* */{'method':'a.b.C'}",
      })
  void whatIsNoCallIsRefused(String message) {
    assertThrows(MalformedCallException.class, () -> parse(message));
  }

  @Test
  void bytesThatAreNoUtf8AreRefusedAlsoWhereTheyAreAnotherEncoding() throws Exception {
    byte[] latin = "{\"method\":\"a.b.ü\"}".getBytes(StandardCharsets.ISO_8859_1);
    byte[] wide = "{\"method\":\"a.b.C\"}".getBytes(StandardCharsets.UTF_16);
    byte[] surrogate = {'"', (byte) 0xed, (byte) 0xa0, (byte) 0x80, '"'};

    assertThrows(MalformedCallException.class, () -> Call.parse(latin));
    assertThrows(MalformedCallException.class, () -> Call.parse(wide));
    assertThrows(MalformedCallException.class, () -> Call.parse(surrogate));
    assertEquals("a.b.ü", parse("{'method':'a.b.ü'}").method());
  }

  @Test
  void deepNestingCostsNothing() {
    String deep = "{'method':'a.b.C','parameters':" + "[".repeat(60_000);

    assertThrows(MalformedCallException.class, () -> parse(deep));
  }
}
