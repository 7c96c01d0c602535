package org.particleos.update.cli;

import org.particleos.update.acquire.Cancellation;
import org.particleos.update.update.Machine;

/**
 * What a run of the program works with.
 *
 * @param programVersion as the package names it
 */
record Context(
    Machine machine, Terminal terminal, Cancellation cancellation, String programVersion) {}
