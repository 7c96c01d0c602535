package org.particleos.update.plan;

import java.util.List;
import org.particleos.update.version.Version;

/**
 * One version with what each enabled transfer has of it, in transfer order, and what follows from
 * that (update-algorithm.md 4).
 */
public record VersionSet(Version version, List<Member> members, Flags flags) {
  public VersionSet {
    members = List.copyOf(members);
  }

  /**
   * What is true of a set.
   *
   * @param newest newest of its kind: the newest installed set, or the newest complete version of
   *     the sources when that is not installed at all
   * @param available every transfer offers it
   * @param installed some target holds something of it, partial and pending data included
   * @param obsolete older than some transfer's {@code MinVersion=}
   * @param protectedVersion named by some transfer's {@code ProtectVersion=}
   * @param incomplete installed, some transfer lacks it, nothing of it is partial or pending
   * @param partial some member is an unfinished download
   * @param pending some member is downloaded but not installed
   * @param quarantined the machine was started with it in vain: nobody takes it without naming it
   */
  public record Flags(
      boolean newest,
      boolean available,
      boolean installed,
      boolean obsolete,
      boolean protectedVersion,
      boolean incomplete,
      boolean partial,
      boolean pending,
      boolean quarantined) {
    /** What people and scripts read about the state of a set (update-algorithm.md 5). */
    public String assessment() {
      return Assessment.of(this);
    }
  }

  /** Whether every member is in place under its final name. */
  public boolean whole() {
    return members.stream().allMatch(Member::installed);
  }

  /** Whether every member is there, under its final name or waiting for it. */
  public boolean acquired() {
    return members.stream().allMatch(Member::acquired);
  }

  /** What people and scripts read about its state (update-algorithm.md 5). */
  public String assessment() {
    return flags.assessment();
  }
}
