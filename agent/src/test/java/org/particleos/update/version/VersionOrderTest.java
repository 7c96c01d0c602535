package org.particleos.update.version;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VersionOrderTest {
  /** transfer-files.md 10.3, all fifty, in its order. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          1                        | < | 2
          9                        | < | 10
          1.9                      | < | 1.10
          007                      | = | 7
          1.01                     | = | 1.1
          1.0                      | = | 1.00
          1                        | < | 1.0
          1                        | < | 1.
          1.0                      | < | 1.0.0
          1~rc1                    | < | 1
          1~rc1                    | < | 1~rc2
          1~                       | < | 1
          1~~                      | > | 1~
          ~                        | < | ''
          1                        | < | 1-1
          1-1                      | < | 1^1
          1-1                      | < | 1.1
          1^1                      | < | 1.1
          1^                       | > | 1
          1^                       | > | 1-1
          1.1                      | < | 1a
          1.a                      | < | 1.0
          1-a                      | < | 1-1
          abc                      | < | 1
          1A                       | < | 1a
          1Z                       | < | 1a
          1a                       | < | 1aa
          1rc1                     | > | 1
          1rc1                     | > | 1.1
          1-rc1                    | > | 1
          6.0                      | < | 6.0.rc1
          6.0~rc1                  | < | 6.0.rc1
          1_0                      | > | 1.0
          1_0                      | > | 1
          12_3                     | < | 123
          1+3-0                    | > | 1
          a+                       | = | a_
          0_                       | = | 0
          1..0                     | < | 1.0
          v9                       | < | v10
          v1                       | < | 1
          20231231                 | < | 20240101
          20240101.2               | < | 20240101.10
          2024-01-01               | < | 2024.01.01
          247.2-3.1.fc33           | < | 247.2-3.2.fc33
          1.0^git1                 | < | 1.01
          10.1xyz                  | < | 10xyz
          1.2.3-4                  | < | 1.2.3^4
          99999999999999999999999  | < | 100000000000000000000000
          123.45-67.ab             | < | 123.45-67.89
          """)
  void workedComparisonsOfTheSpecificationHold(String a, String relation, String b) {
    int expected =
        switch (relation) {
          case "<" -> -1;
          case ">" -> 1;
          default -> 0;
        };

    assertEquals(expected, Integer.signum(VersionOrder.compare(a, b)));
    assertEquals(-expected, Integer.signum(VersionOrder.compare(b, a)));
  }

  @Test
  void theOrderIsTotalForAnyText() {
    long seed = 20261122;
    var random = new Random(seed);

    for (int round = 0; round < 20_000; round++) {
      String a = anyText(random);
      String b = anyText(random);
      String c = anyText(random);
      String message = "seed " + seed + ", \"" + a + "\" \"" + b + "\" \"" + c + "\"";

      int ab = VersionOrder.compare(a, b);
      int bc = VersionOrder.compare(b, c);
      int ac = VersionOrder.compare(a, c);

      assertEquals(0, VersionOrder.compare(a, a), message);
      assertEquals(Integer.signum(-ab), Integer.signum(VersionOrder.compare(b, a)), message);
      assertTrue(!(ab <= 0 && bc <= 0) || ac <= 0, message);
    }
  }

  private static String anyText(Random random) {
    String alphabet = "01aB.-^~_+";
    var text = new StringBuilder();
    int length = random.nextInt(5);
    for (int i = 0; i < length; i++) {
      text.append(alphabet.charAt(random.nextInt(alphabet.length())));
    }
    return text.toString();
  }
}
