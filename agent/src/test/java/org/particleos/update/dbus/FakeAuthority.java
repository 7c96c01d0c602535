package org.particleos.update.dbus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.particleos.update.service.Authority;
import org.particleos.update.service.Caller;

/** Decides the same for everybody, and remembers what it was asked. */
final class FakeAuthority implements Authority {
  private final List<String> asked = new ArrayList<>();
  private Verdict verdict = Verdict.ALLOWED;

  synchronized void decides(Verdict always) {
    verdict = always;
  }

  /** What was asked since the last time, as {@code action {detail=value}}. */
  synchronized List<String> asked() {
    var all = List.copyOf(asked);
    asked.clear();
    return all;
  }

  @Override
  public synchronized Verdict decide(
      Caller caller, String action, Map<String, String> details, boolean interactive) {
    asked.add(
        action.substring(action.lastIndexOf('.') + 1)
            + " "
            + new TreeMap<>(details)
            + (interactive ? " interactive" : ""));
    return verdict;
  }
}
