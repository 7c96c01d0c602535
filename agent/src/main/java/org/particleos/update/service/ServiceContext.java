package org.particleos.update.service;

import org.particleos.update.update.Machine;

/**
 * What front ends work with; one for the life of the daemon.
 *
 * @param machine the system that is served
 * @param programVersion of this program
 */
public record ServiceContext(
    Machine machine,
    String programVersion,
    Jobs jobs,
    Targets targets,
    UpdateAgent agent,
    Log log) {}
