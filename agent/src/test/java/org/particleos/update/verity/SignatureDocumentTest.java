package org.particleos.update.verity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SignatureDocumentTest {
  private static final String HASH = "0f".repeat(32);

  private static SignatureDocument parse(String text) throws MalformedVerityException {
    return SignatureDocument.parse(text.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"rootHash\":\"%s\"}",
        "{\"certificateFingerprint\":\"00\",\"signature\":\"AAAA\",\"rootHash\":\"%s\"}\n",
        "{\"more\":{\"rootHash\":\"x\",\"deep\":[1,2]},\"rootHash\":\"%s\",\"n\":1e3}\0\0\0",
        "{\"rootHash\":\"%s\"}\0tail of an older document\"}",
        "{\"rootHash\":\"%s\"}\ntail of an older document\"}"
      })
  void theRootHashIsReadWhateverElseIsThere(String text) throws Exception {
    assertEquals(new RootHash(HASH), parse(text.formatted(HASH)).rootHash());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''                                     | names no root hash
          []                                     | names no root hash
          {}                                     | names no root hash
          {"rootHash":5}                         | names no root hash
          {"rootHash":{"rootHash":"00"}}         | names no root hash
          {"rootHash":"0011"}                    | neither 64 nor 128
          {"rootHash":"00","rootHash":"00"}      | does not hold a JSON
          {"rootHash":                           | does not hold a JSON
          nonsense                               | does not hold a JSON
          {"a":[[[[[[[[[[[[1]]]]]]]]]]]]}        | does not hold a JSON
          """)
  void whatNamesNoRootHashIsRefused(String text, String why) {
    var refused = assertThrows(MalformedVerityException.class, () -> parse(text));

    assertTrue(refused.clause().contains(why), refused.clause());
  }

  @Test
  void zeroesAreNoDocument() {
    assertThrows(MalformedVerityException.class, () -> SignatureDocument.parse(new byte[16384]));
  }
}
