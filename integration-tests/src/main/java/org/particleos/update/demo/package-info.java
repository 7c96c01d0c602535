/**
 * A throw-away machine in a folder, a publisher of releases for it and a server that offers them:
 * what {@code ./demo}, the black-box tests and the benchmarks work with. Uses the real tools.
 */
@NullMarked
package org.particleos.update.demo;

import org.jspecify.annotations.NullMarked;
