package org.particleos.update.plan;

import java.util.List;

/**
 * Everything that acquiring a version will do, decided before anything is changed.
 *
 * @param removals what makes room, in order: of each version the parts published last go first
 * @param steps one for each enabled transfer, in transfer order
 */
public record AcquirePlan(VersionSet set, List<Removal> removals, List<Step> steps) {
  public AcquirePlan {
    removals = List.copyOf(removals);
    steps = List.copyOf(steps);
  }

  public long stepsToFetch() {
    return steps.stream().filter(step -> !(step instanceof Step.Keep)).count();
  }
}
