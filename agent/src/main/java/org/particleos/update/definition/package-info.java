/**
 * What the administrator and the vendor wrote: transfer, feature and component files as values, with
 * search paths, drop-ins, masking and specifiers. Reads configuration, changes nothing, and knows
 * nothing of what is installed or offered.
 */
@NullMarked
package org.particleos.update.definition;

import org.jspecify.annotations.NullMarked;
