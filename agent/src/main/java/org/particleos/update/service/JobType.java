package org.particleos.update.service;

/**
 * What a job does (dbus-varlink.md 6, 7.2), beyond that what {@code org.particleos.Update1} adds.
 */
public enum JobType {
  LIST("list", false),
  DESCRIBE("describe", false),
  CHECK_NEW("check-new", false),
  ACQUIRE("acquire", true),
  INSTALL("install", true),
  VACUUM("vacuum", true),
  DESCRIBE_FEATURE("describe-feature", false),
  /** Asked for where the daemon itself cannot look. */
  LIST_FEATURES("list-features", false),
  /** As the verb of that name: what is offered and what it would cost. */
  CHECK("check", false),
  /** As the verb of that name: what every slot holds. */
  STATUS("status", false),
  /** As the verb of that name: acquires and installs in one go. */
  APPLY("apply", true),
  /** As the verb of that name: what earlier runs did. */
  HISTORY("history", false),
  /** As the verb of that name with {@code refresh}: the boot loader, once a boot was good. */
  BOOT_LOADER("boot-loader", true);

  private final String text;
  private final boolean exclusive;

  JobType(String text, boolean exclusive) {
    this.text = text;
    this.exclusive = exclusive;
  }

  /** As it stands on the bus. */
  public String text() {
    return text;
  }

  /** Whether it changes the target, so that no other such job may run on it meanwhile. */
  public boolean exclusive() {
    return exclusive;
  }
}
