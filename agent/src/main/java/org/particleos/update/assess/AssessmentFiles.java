package org.particleos.update.assess;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.particleos.update.linux.Kernel;
import org.particleos.update.state.StateFile;

/**
 * Where it is kept which versions did not come up ({@code quarantine.json}) and how health checks
 * ended ({@code health.json}). A damaged file is set aside with a warning.
 */
public final class AssessmentFiles {
  private static final StateFile.Format<Quarantine> QUARANTINE =
      new StateFile.Format<>(
          Quarantine.EMPTY,
          Quarantine::of,
          Quarantine::json,
          "versions that did not come up are known only as long as their boot entries are there");

  private static final StateFile.Format<HealthLog> HEALTH =
      new StateFile.Format<>(
          HealthLog.EMPTY,
          HealthLog::of,
          HealthLog::json,
          "how earlier health checks ended is forgotten");

  private final StateFile<Quarantine> quarantine;
  private final StateFile<HealthLog> health;

  /**
   * Those of one system.
   *
   * @param root of the system, {@code /} for the running one
   * @param directory where this program keeps its state, absolute inside the root
   */
  public AssessmentFiles(Kernel kernel, Path root, Path directory) {
    this.quarantine = new StateFile<>(kernel, root, directory, "quarantine.json", QUARANTINE);
    this.health = new StateFile<>(kernel, root, directory, "health.json", HEALTH);
  }

  public Quarantine quarantine(Consumer<String> warning) {
    return quarantine.read(warning);
  }

  /** Changes the quarantine while no other process does. */
  public Quarantine quarantine(UnaryOperator<Quarantine> change, Consumer<String> warning)
      throws IOException {
    return quarantine.update(change, warning);
  }

  public HealthLog health(Consumer<String> warning) {
    return health.read(warning);
  }

  /** Adds how the checks of this start ended. */
  public void add(HealthRun run, Consumer<String> warning) throws IOException {
    health.update(log -> log.with(run), warning);
  }
}
