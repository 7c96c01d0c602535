/** Small files in which this program keeps what it knows from earlier runs. */
@NullMarked
package org.particleos.update.state;

import org.jspecify.annotations.NullMarked;
