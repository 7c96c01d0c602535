package org.particleos.update.update;

import java.util.Optional;
import java.util.OptionalLong;
import org.particleos.update.definition.DefinitionPlace;

/**
 * What the caller chose for one run.
 *
 * @param place which definitions
 * @param verify overrides {@code Verify=} of every transfer ({@code --verify=})
 * @param instancesMax overrides {@code InstancesMax=} of every transfer ({@code --instances-max=})
 * @param sync whether to wait until the data is on the disk ({@code --sync=}); barriers around
 *     renames are kept in any case
 */
public record Settings(
    DefinitionPlace place, Optional<Boolean> verify, OptionalLong instancesMax, boolean sync) {}
