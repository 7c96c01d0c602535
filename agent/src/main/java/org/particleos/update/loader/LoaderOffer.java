package org.particleos.update.loader;

import java.nio.file.Path;
import org.particleos.update.pe.PeMachine;
import org.particleos.update.version.Version;

/**
 * A systemd-boot that could be installed.
 *
 * @param signed whether it is the variant that is signed for Secure Boot, as its name says
 */
public record LoaderOffer(Path path, PeMachine machine, Version version, boolean signed) {}
