package org.particleos.update.fetch;

import java.security.cert.CertificateException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.particleos.update.failure.Reason;
import org.particleos.update.failure.UpdateException;

/** What a failure says about trying again. */
enum Fault {
  /** It may pass. */
  TRANSIENT,
  /** It stays as long as the same server is asked; another one may do better. */
  OF_SERVER;

  static Fault of(UpdateException.Unreachable failure, Trail trail) {
    return switch (failure.reason()) {
      case CONNECTION_FAILED -> untrusted(failure) ? OF_SERVER : TRANSIENT;
      case TOO_SLOW, BODY_TRUNCATED, RANGE_WRONG -> TRANSIENT;
      case HTTP_STATUS -> passes(trail.status().orElse(0)) ? TRANSIENT : OF_SERVER;
      default -> OF_SERVER;
    };
  }

  /** Not implemented and version not supported (501, 505) stay. */
  private static boolean passes(int status) {
    return switch (status) {
      case 408, 425, 429, 500, 502, 503, 504 -> true;
      default -> status > 505;
    };
  }

  private static boolean untrusted(Throwable failure) {
    var cause = failure.getCause();
    while (cause != null) {
      if (cause instanceof CertificateException || cause instanceof SSLPeerUnverifiedException) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }

  /** A mirror that failed in this run before, and to which nobody goes again. */
  static UpdateException avoided(String name) {
    return UpdateException.because(Reason.CONNECTION_FAILED, "gave up on a redirect to " + name)
        .found("that mirror failed before")
        .remedy("try again later")
        .unreachable();
  }
}
