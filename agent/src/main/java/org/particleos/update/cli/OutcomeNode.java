package org.particleos.update.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.particleos.update.update.Outcome;
import org.particleos.update.version.Version;

/** How an update ended, for programs. */
final class OutcomeNode {
  private OutcomeNode() {}

  static void fill(ObjectNode node, Outcome outcome) {
    node.put("outcome", outcome.word());
    switch (outcome) {
      case Outcome.NoUpdate() -> node.putNull("version");
      case Outcome.AlreadyInstalled(Version installed) -> node.put("version", installed.text());
      case Outcome.Acquired(Version acquired, long bytes) ->
          node.put("version", acquired.text()).put("bytesTransferred", bytes);
      case Outcome.Installed(Version installed, _, long bytes) ->
          node.put("version", installed.text()).put("bytesTransferred", bytes);
    }
  }
}
