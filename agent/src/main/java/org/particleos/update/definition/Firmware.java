package org.particleos.update.definition;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** {@code SuggestOnFirmware=} (transfer-files.md 18.2). */
final class Firmware {
  private static final String COMPATIBLE = "device-tree-compatible(";
  private static final String SMBIOS = "smbios-field";

  /** Names of attributes below {@code /sys/class/dmi/id}. */
  private static final Pattern FIELD = Pattern.compile("[A-Za-z0-9_]+");

  private Firmware() {}

  static boolean matches(String parameter, ConditionFacts facts) throws UndeterminedException {
    if (parameter.equals("uefi")) {
      return facts.bootedByEfi();
    }
    if (parameter.equals("device-tree")) {
      return facts.exists("sys/firmware/devicetree");
    }
    if (parameter.startsWith(COMPATIBLE) && parameter.endsWith(")")) {
      String wanted = parameter.substring(COMPATIBLE.length(), parameter.length() - 1);
      return facts
          .text("proc/device-tree/compatible")
          .map(list -> List.of(list.split("\0")).contains(wanted))
          .orElse(false);
    }
    return parameter.startsWith(SMBIOS) && matchesSmbios(parameter, facts);
  }

  private static boolean matchesSmbios(String parameter, ConditionFacts facts)
      throws UndeterminedException {
    String arguments = parameter.substring(SMBIOS.length());
    var comparison =
        arguments.startsWith("(") && arguments.endsWith(")")
            ? Comparison.parse(arguments.substring(1, arguments.length() - 1))
            : Optional.<Comparison>empty();
    if (comparison.isEmpty() || !FIELD.matcher(comparison.get().subject()).matches()) {
      throw UndeterminedException.malformed(parameter, "smbios-field(FIELD OPERATOR VALUE)");
    }
    var unquoted = Words.quoted(comparison.get().value());
    if (unquoted.isEmpty()) {
      throw UndeterminedException.malformed(parameter, "smbios-field(FIELD OPERATOR VALUE)");
    }
    var asked =
        new Comparison(
            comparison.get().subject(),
            comparison.get().operator(),
            unquoted.get().size() == 1 ? unquoted.get().getFirst() : comparison.get().value());
    return facts.dmi(asked.subject()).map(asked::holdsFor).orElse(false);
  }
}
