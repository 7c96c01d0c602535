/**
 * What the administrator and the vendor wrote: transfer, feature and component files as immutable
 * values, with search paths, drop-ins, masking, specifiers and suggestions. Reads configuration and
 * knows nothing of what is installed or offered. Writes one kind of file, the drop-in that switches
 * a feature or component ({@link org.particleos.update.definition.Enablement}).
 */
@NullMarked
package org.particleos.update.definition;

import org.jspecify.annotations.NullMarked;
