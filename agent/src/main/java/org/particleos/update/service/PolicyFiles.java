package org.particleos.update.service;

import java.nio.file.Path;
import java.util.Optional;
import org.particleos.update.definition.SettingsFile;
import org.particleos.update.failure.UpdateException;
import org.particleos.update.policy.Policy;
import org.particleos.update.policy.PolicyReader;
import org.particleos.update.update.Machine;

/**
 * Reads {@code agent.conf} of a system. A file that cannot be used keeps nobody from anything: the
 * last one that could is used further, or the defaults. Used by one thread at a time.
 */
public final class PolicyFiles {
  /** Names a file that is read instead of all others. */
  public static final String VARIABLE = "PARTICLE_UPDATE_AGENT_CONFIGURATION";

  private final Machine machine;
  private final Log log;
  private Optional<Policy> lastGood = Optional.empty();

  public PolicyFiles(Machine machine, Log log) {
    this.machine = machine;
    this.log = log;
  }

  /** What holds now; says what was ignored. */
  public Policy read() {
    try {
      String named = machine.environment().getOrDefault(VARIABLE, "");
      SettingsFile.Read file =
          named.isEmpty()
              ? SettingsFile.read(machine.root(), PolicyReader.FILE, PolicyReader.SECTIONS)
              : SettingsFile.readFile(Path.of(named), VARIABLE, PolicyReader.SECTIONS);
      Policy policy = PolicyReader.read(file.assignments(), file.warnings());
      file.warnings().all().forEach(warning -> log.warning(warning.toString()));
      lastGood = Optional.of(policy);
      return policy;
    } catch (UpdateException e) {
      log.error(
          e.getMessage()
              + e.found().map(found -> " (" + found + ")").orElse("")
              + (lastGood.isPresent()
                  ? "; the policy stays as it was"
                  : "; the defaults hold until that is mended"));
      return lastGood.orElseGet(Policy::defaults);
    }
  }
}
