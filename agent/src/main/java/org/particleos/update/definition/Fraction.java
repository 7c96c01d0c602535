package org.particleos.update.definition;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A share of all machines, the same ones every time: a roll-out in steps needs no server that
 * counts (transfer-files.md 18.3).
 *
 * @param tag different tags take different machines
 * @param permyriad hundredths of a per cent, 0 to {@value #ALL}
 */
record Fraction(String tag, int permyriad) {
  static final int ALL = 10_000;

  private static final Pattern PERCENT = Pattern.compile("(?<number>[0-9]{1,3}(\\.[0-9]{1,2})?)%");
  private static final BigInteger LARGEST = BigInteger.valueOf(0xffff_ffffL);
  private static final String ALGORITHM = "HmacSHA256";

  /** Of the form {@code [TAG] PERCENT}. */
  static Fraction parse(String parameter) throws UndeterminedException {
    List<String> words = Words.quoted(parameter).orElse(List.of());
    var percent = PERCENT.matcher(words.isEmpty() ? "" : words.getLast());
    if (words.size() > 2 || !percent.matches()) {
      throw UndeterminedException.malformed(parameter, "[TAG] PERCENT%");
    }
    int permyriad = new BigDecimal(percent.group("number")).movePointRight(2).intValueExact();
    if (permyriad > ALL) {
      throw UndeterminedException.malformed(parameter, "[TAG] PERCENT%, at most 100%");
    }
    return new Fraction(words.size() == 2 ? words.getFirst() : "", permyriad);
  }

  boolean includes(ConditionFacts facts) throws UndeterminedException {
    if (permyriad == 0 || permyriad == ALL) {
      return permyriad == ALL;
    }
    String machineId =
        facts
            .host()
            .machineId()
            .orElseThrow(() -> UndeterminedException.unknown("the machine ID of this host"));
    return value(HexFormat.of().parseHex(machineId)) < threshold();
  }

  /** Between 0 and 2³²−1; the machine ID itself cannot be told from it. */
  private long value(byte[] machineId) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(machineId, ALGORITHM));
      byte[] digest = mac.doFinal(("systemd-fraction-" + tag).getBytes(StandardCharsets.UTF_8));
      return Integer.toUnsignedLong(
          ByteBuffer.wrap(digest).order(ByteOrder.LITTLE_ENDIAN).getInt());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has " + ALGORITHM, e);
    }
  }

  private long threshold() {
    return new BigDecimal(LARGEST)
        .multiply(BigDecimal.valueOf(permyriad))
        .divide(BigDecimal.valueOf(ALL), 0, RoundingMode.HALF_UP)
        .longValueExact();
  }
}
