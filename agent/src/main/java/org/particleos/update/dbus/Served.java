package org.particleos.update.dbus;

/**
 * An object seen through one of its interfaces.
 *
 * @param <T> its kind
 */
public record Served<T>(Interface<T> description, T object) {}
