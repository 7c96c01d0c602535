/**
 * The daemon over Varlink (dbus-varlink.md 9): {@code io.systemd.SysUpdate}, and {@code
 * org.particleos.Update1} for what that one lacks. Anybody on the machine may connect: every client
 * is taken for hostile until the message bus's rules say otherwise.
 */
@NullMarked
package org.particleos.update.varlink;

import org.jspecify.annotations.NullMarked;
