package org.particleos.update.service;

import org.particleos.update.policy.Connection;

/** Knows how the machine is connected. Safe for use by several threads. */
public interface Network {
  /** Where nobody can be asked. */
  Network UNKNOWN =
      new Network() {
        @Override
        public Connection connection() {
          return Connection.UNKNOWN;
        }

        @Override
        public void watch(Runnable changed) {}
      };

  /** What was heard last. Never waits. */
  Connection connection();

  /** Calls that soon after something has changed, by any thread; it returns at once. */
  void watch(Runnable changed);
}
