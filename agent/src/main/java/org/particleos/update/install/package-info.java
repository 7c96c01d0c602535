/**
 * Publishing: how data becomes a version, and how it goes away again. Marks become names, in a way
 * that leaves no crash point with a final name on unfinished content.
 */
@NullMarked
package org.particleos.update.install;

import org.jspecify.annotations.NullMarked;
