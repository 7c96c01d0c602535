/**
 * Measures the packaged program as a whole process: how fast it installs an image, how fast it
 * answers, how much memory it takes, and what the machine itself could do. Run by hand with {@code
 * integration-tests/benchmark}; its tables go to {@code BENCHMARKS.md}.
 */
@NullMarked
package org.particleos.update.bench;

import org.jspecify.annotations.NullMarked;
