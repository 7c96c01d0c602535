package org.particleos.update.fetch;

import java.util.List;

/** The threads of transfers and exchanges, none of which may be left behind. */
public final class OwnThreads {
  private static final List<String> PREFIXES = List.of("acquire-", Patience.THREAD_PREFIX);

  private OwnThreads() {}

  public static List<String> alive() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> PREFIXES.stream().anyMatch(name::startsWith))
        .toList();
  }
}
