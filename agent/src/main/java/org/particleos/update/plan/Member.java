package org.particleos.update.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.particleos.update.catalog.Instance;
import org.particleos.update.catalog.Inventory;
import org.particleos.update.catalog.Stage;

/** What one transfer has of one version. */
public record Member(Inventory inventory, Optional<Instance> held, Optional<Instance> offered) {
  /**
   * Everything that the sources offer of the version and that brings the same content: the offered
   * instance first. A list of patterns may match one image in several forms.
   */
  public List<Instance> alternatives() {
    if (offered.isEmpty()) {
      return List.of();
    }
    Instance first = offered.get();
    List<Instance> alternatives = new ArrayList<>(List.of(first));
    inventory.offered().stream()
        .filter(other -> !other.equals(first))
        .filter(other -> other.version().sameOrder(first.version()))
        .filter(other -> other.type() == first.type())
        .filter(other -> other.metadata().partitionUuid().equals(first.metadata().partitionUuid()))
        .forEach(alternatives::add);
    return List.copyOf(alternatives);
  }

  boolean is(Stage stage) {
    return held.filter(instance -> instance.stage() == stage).isPresent();
  }

  /** Complete in the target, visible or not. */
  public boolean acquired() {
    return is(Stage.INSTALLED) || (is(Stage.PENDING) && !outdated());
  }

  public boolean installed() {
    return is(Stage.INSTALLED);
  }

  public boolean pending() {
    return is(Stage.PENDING);
  }

  public boolean partial() {
    return is(Stage.PARTIAL);
  }

  /** The instance that stands for the member in listings: the held one before the offered one. */
  public Optional<Instance> shown() {
    return held.or(() -> offered);
  }

  /**
   * A pending partition whose UUID is not the one that the source now names for the same version:
   * the publisher replaced the build, and the members of two builds do not fit together.
   */
  public boolean outdated() {
    if (!is(Stage.PENDING) || offered.isEmpty()) {
      return false;
    }
    Instance source = offered.get();
    return held.get() instanceof Instance.InPartition
        && source.metadata().partitionUuid().isPresent()
        && inventory.transfer().transfer().target().newInstance().partitionUuid().isEmpty()
        && !source.metadata().partitionUuid().equals(held.get().metadata().partitionUuid());
  }
}
