/**
 * Files in the form of the Microsoft PE/COFF specification, which boot loaders and unified kernel
 * images have: what their headers say, and the bytes of their sections. Reads only, runs nothing.
 */
@NullMarked
package org.particleos.update.pe;

import org.jspecify.annotations.NullMarked;
