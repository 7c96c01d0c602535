package org.particleos.update.update;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.definition.Checks;
import org.particleos.update.definition.DefinitionPlace;

/**
 * What the caller chose for one run.
 *
 * @param place which definitions
 * @param verify overrides {@code Verify=} of every transfer ({@code --verify=})
 * @param instancesMax overrides {@code InstancesMax=} of every transfer ({@code --instances-max=})
 * @param sync whether to wait until the data is on the disk ({@code --sync=}); barriers around
 *     renames are kept in any case
 * @param transferSource where sources with {@code PathRelativeTo=explicit} are ({@code
 *     --transfer-source=})
 * @param force do what was refused for the sake of the fallback ({@code --force})
 * @param delta fetch only the blocks that no older version has ({@code Delta=})
 * @param checks what is looked at before a version becomes visible
 */
public record Settings(
    DefinitionPlace place,
    Optional<Boolean> verify,
    OptionalLong instancesMax,
    boolean sync,
    Optional<Path> transferSource,
    boolean force,
    boolean delta,
    Checks checks) {
  /** Nothing chosen but the definitions. */
  public static Settings of(DefinitionPlace place) {
    return new Settings(
        place,
        Optional.empty(),
        OptionalLong.empty(),
        true,
        Optional.empty(),
        false,
        true,
        Checks.defaults());
  }

  public Settings withPlace(DefinitionPlace other) {
    return new Settings(other, verify, instancesMax, sync, transferSource, force, delta, checks);
  }

  public Settings withDelta(boolean other) {
    return new Settings(place, verify, instancesMax, sync, transferSource, force, other, checks);
  }

  public Settings withChecks(Checks other) {
    return new Settings(place, verify, instancesMax, sync, transferSource, force, delta, other);
  }
}
