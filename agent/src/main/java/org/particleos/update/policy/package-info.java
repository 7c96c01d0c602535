/**
 * When which step of an update is taken: values that the administrator chose, facts about the
 * machine, and a decision with its reasons. Pure: reads no file, no clock and no network.
 */
@NullMarked
package org.particleos.update.policy;

import org.jspecify.annotations.NullMarked;
