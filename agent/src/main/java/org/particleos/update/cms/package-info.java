/**
 * Signatures as the boot chain has them: CMS (PKCS#7) signed data over root hashes and PE files,
 * and the certificates that made them. Parses and compares; trusts nobody by itself.
 */
@NullMarked
package org.particleos.update.cms;

import org.jspecify.annotations.NullMarked;
