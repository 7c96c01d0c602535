/**
 * Getting bytes from servers and local files: addresses, redirects, proxies, trust in servers,
 * patience. Who the bytes are for, and what they shall be, is not known here.
 */
@NullMarked
package org.particleos.update.fetch;

import org.jspecify.annotations.NullMarked;
