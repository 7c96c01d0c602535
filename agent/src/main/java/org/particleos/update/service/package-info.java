/**
 * The daemon: the targets it serves, the jobs it runs for others and for itself, and what it knows
 * of the machine. Knows no bus and no socket: the front ends know it.
 */
@NullMarked
package org.particleos.update.service;

import org.jspecify.annotations.NullMarked;
