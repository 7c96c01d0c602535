/**
 * The command line: options, verbs, and how results, progress and failures look on a terminal, in a
 * pipe and as JSON. No update logic.
 */
@NullMarked
package org.particleos.update.cli;

import org.jspecify.annotations.NullMarked;
